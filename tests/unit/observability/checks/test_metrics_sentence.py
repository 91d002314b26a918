"""The sentence that a report of 41 opens with."""

from __future__ import annotations

from dataclasses import replace

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.observability.checks.metrics import (
    changes_found,
    metrics_answer,
    metrics_are_recorded,
    metrics_below_thresholds,
    windows_compare,
)
from runbook_lib.platform.facts.availability import Unanswered
from tests.unit.metrics_doubles import HOUR, review
from tests.unit.observability_doubles import staging


def test_the_sentence_names_thresholds_changes_and_what_is_not_known() -> None:
    slow = review({"response_time": [0.2] * 30 + [3.0] * 30}, releases=[29])
    groups = (metrics_are_recorded(staging(), slow), metrics_below_thresholds(slow), windows_compare(slow), changes_found(slow))
    sentence = metrics_answer(staging(), slow, *groups)
    assert sentence.startswith("GW2_WvWbuilder staging, 2026-11-27 12:00 to 12:59 UTC: Response time (p95) was above 2 s for 30 min")
    assert "rose from 0.2 s to 3 s at 12:30 UTC, 1 min after the deployment of v" in sentence
    assert ". Not known: " in sentence and "is recorded" not in sentence and "…" not in sentence
    assert " and Active users (see “Is the data there?”); compared with the window before" in sentence


def test_the_sentence_of_a_quiet_hour_and_of_one_without_prometheus() -> None:
    environment, quiet = staging(), review({"error_rate": [0.0] * 60})
    assert "2 of 8 metrics are known; none of them changed its level" in metrics_answer(environment, quiet)
    empty = metrics_answer(environment, review({"request_rate": [None] * 60}))
    assert "no metric is known" in empty and "none of them" not in empty
    dead = replace(quiet, window=replace(HOUR, unanswered=Unanswered("clock", "Prometheus is not reachable.")))
    assert metrics_answer(environment, dead).startswith("It is not known how GW2_WvWbuilder staging was")


def test_one_metric_that_is_not_known_is_named_with_its_reason() -> None:
    lost = Finding("Cache hits is recorded", Verdict.INCONCLUSIVE, "renamed gave no series")
    assert metrics_answer(staging(), review({"error_rate": [0.0] * 60}), (lost,)).endswith(
        ". Not known: Cache hits is recorded (renamed gave no series).")
