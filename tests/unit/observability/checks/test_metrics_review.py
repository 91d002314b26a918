"""What changed and when, in words; what is kept as evidence; and the sentence that a report opens with."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import timedelta

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.observability.checks.level_shifts import LevelShift
from runbook_lib.observability.checks.metrics import (
    changes_found,
    metrics_answer,
    metrics_are_recorded,
    metrics_below_thresholds,
    windows_compare,
)
from runbook_lib.observability.checks.metrics_review import Change, amount, review_metrics
from runbook_lib.observability.facts.metric_history import WEEK_BEFORE
from runbook_lib.platform.facts.availability import Unanswered
from tests.unit.metrics_doubles import BEGIN, HOUR, NOTHING, deployed, history, review
from tests.unit.observability_doubles import staging

SLOWER = [0.21] * 30 + [0.84] * 30


def test_a_change_is_named_with_size_time_and_the_deployment_before_it() -> None:
    (change,) = review({"response_time": SLOWER}, releases=[27]).changes
    assert change.words == ("Response time (p95) rose from 0.21 s to 0.84 s at 12:30 UTC, 3 min after deployment "
                            "20261127T122700Z-abcdef (v3.1.0)")
    assert change.worse is True
    assert change.row["when (UTC)"] == "2026-11-27 12:30:00"


def test_a_deployment_long_before_or_after_is_not_named() -> None:
    for minute in (-30, 32):
        (change,) = review({"response_time": SLOWER}, releases=[minute]).changes
        assert change.words.endswith("at 12:30 UTC")


def test_a_fall_is_better_where_higher_is_worse_and_neither_for_users() -> None:
    assert review({"response_time": SLOWER[::-1]}).changes[0].worse is False
    assert review({"active_users": [3.0] * 30 + [90.0] * 30}).changes[0].worse is None


@pytest.mark.parametrize(("shift", "dated", "words"), [
    ({"gradual": True}, False, "rose from 1 % to 9 %, gradually, 12:10 to 12:40 UTC"),
    ({}, False, "rose from 1 % to 9 % between 12:10 and 12:40 UTC, without data in between"),
    ({}, True, "between 27 Nov 12:10 and 27 Nov 12:40 UTC"),
])
def test_what_climbed_or_changed_unseen_is_named_as_that(shift: dict[str, bool], dated: bool, words: str) -> None:
    at = LevelShift(BEGIN + timedelta(minutes=10), BEGIN + timedelta(minutes=40), 1.0, 9.0, joined_s=60, **shift)
    assert words in Change("CPU usage", "%", at, True, dated=dated).words


def test_the_sentence_names_thresholds_changes_and_what_is_not_known() -> None:
    slow = review({"response_time": [0.2] * 30 + [3.0] * 30}, releases=[29])
    groups = (metrics_are_recorded(staging(), slow), metrics_below_thresholds(slow), windows_compare(slow), changes_found(slow))
    sentence = metrics_answer(staging(), slow, *groups)
    assert sentence.startswith("GW2_WvWbuilder staging, 2026-11-27 12:00 to 12:59 UTC: Response time (p95) was above 2 s: above it for 30 min")
    assert "rose from 0.2 s to 3 s at 12:30 UTC, 1 min after deployment" in sentence
    assert "Not known: " in sentence


def test_the_sentence_of_a_quiet_hour_and_of_one_without_prometheus() -> None:
    environment, quiet = staging(), review({"error_rate": [0.0] * 60})
    assert "2 of 8 metrics are known; none of them changed its level" in metrics_answer(environment, quiet)
    empty = metrics_answer(environment, review({"request_rate": [None] * 60}))
    assert "no metric is known" in empty and "none of them" not in empty
    dead = replace(quiet, window=replace(HOUR, unanswered=Unanswered("clock", "Prometheus is not reachable.")))
    assert metrics_answer(environment, dead).startswith("It is not known how GW2_WvWbuilder staging was")


def test_a_metric_that_the_environment_does_not_name_is_inconclusive() -> None:
    environment = staging()
    some = environment.model_copy(update={"metrics": {name: one for name, one in environment.metrics.items() if name != "cache_hits"}})
    found = {one.check: one.verdict for one in metrics_are_recorded(some, review({}))}
    assert found["cache_hits is recorded"] is Verdict.INCONCLUSIVE


def test_the_evidence_has_every_point_and_an_empty_cell_for_a_gap() -> None:
    rows = list(csv.DictReader(review({"error_rate": [1.5, None] * 30}).csv().splitlines()))
    assert len(rows) == 60
    assert [row["error_rate errors [%]"] for row in rows[:2]] == ["1.5", ""]
    assert rows[0]["time (UTC)"] == "2026-11-27T12:00:00Z"
    assert rows[0]["response_time p95 [s]"] == ""
    assert len(list(csv.DictReader(review({}).csv(WEEK_BEFORE).splitlines()))) == 60


def test_what_is_not_known_of_the_server_is_kept_as_missing() -> None:
    environment = staging()
    histories = [history(name, one.main, [1.0] * 60) for name, one in environment.metrics.items()]
    lost = Unanswered("deployed state", "no answer within 6 s")
    made = review_metrics(environment, HOUR, (*histories, lost, NOTHING, NOTHING))
    assert made.missing == (lost, NOTHING, NOTHING)
    assert [one.verdict for one in changes_found(made)] == [Verdict.PASSED, Verdict.INCONCLUSIVE]


def test_requests_decide_point_by_point_whether_a_ratio_counts() -> None:
    few = review({"request_rate": [0.1] * 30 + [2.0] * 30, "error_rate": [60.0] * 30 + [0.0] * 30})
    assert {one.check: one.verdict for one in metrics_below_thresholds(few)}["Error rate is not above 5 %"] is Verdict.PASSED
    assert deployed(1).releases[0].version == "v3.1.0"


@pytest.mark.parametrize(("value", "unit", "words"), [
    (0.2134, "s", "0.213 s"), (84.26, "%", "84.3 %"), (1234.5, "req/s", "1,234 req/s"), (0.0, "", "0"), (-0.5, "s", "-0.5 s"),
])
def test_amounts_have_three_digits_and_their_unit(value: float, unit: str, words: str) -> None:
    assert amount(value, unit) == words
