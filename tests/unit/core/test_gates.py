"""Gates, watches and triggers in words, and what of them a plan's hash covers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from runbook_lib.core.gates import Gate, Reading, TriggerFired, Watch
from runbook_lib.core.questions import Question

UP = Question("endpoints", lambda _: True)
GATE = Gate("ready", (UP,), lambda up: (), success_threshold=3, deadline_s=60)
WATCH = Watch("watch v2", (UP,), lambda before, answers: Reading({}), lambda readings: (), duration_s=300, interval_s=5)


def test_a_gate_says_what_opens_it_and_what_keeps_it_shut() -> None:
    assert str(GATE) == "ready: 3 clean probes in a row within 60 s"
    assert str(replace(GATE, success_threshold=1, failure_threshold=4)) == (
        "ready: 1 clean probe within 60 s, given up after 4 failed ones")
    assert str(replace(GATE, failure_threshold=1)).endswith(", given up after the first failed one")


def test_a_watch_says_how_often_and_how_long() -> None:
    assert str(WATCH) == "watch v2: a probe every 5 s for 300 s"


def test_the_time_that_a_gate_or_a_watch_takes_is_known_beforehand() -> None:
    assert (GATE.timeout_s, WATCH.timeout_s) == (60, 300)


def test_another_limit_is_another_plan() -> None:
    assert GATE.describe() != replace(GATE, success_threshold=2).describe()
    assert GATE.describe() != replace(GATE, deadline_s=61).describe()
    changes: dict[str, Any] = {"interval_s": 7, "failure_threshold": 9, "trigger": "t", "triggers": ("t",), "since": "switch",
                         "may_be_inconclusive": ("page",)}
    for field, value in changes.items():
        assert GATE.describe() != replace(GATE, **{field: value}).describe(), field
    changes = {"limit": 11, "since": "migrate", "primary_metric": "m", "max_unreachable_probes": 9}
    for field, value in changes.items():
        assert WATCH.describe() != replace(WATCH, **{field: value}).describe(), field
    assert WATCH.describe() != replace(WATCH, duration_s=301).describe()
    assert GATE.describe()["questions"] == ["endpoints"]


def test_a_trigger_is_measured_in_its_unit() -> None:
    rate = TriggerFired("API error rate > 10%", "API error rate", 12.5, 10, "percent", "of 80 requests")
    assert str(rate) == "API error rate > 10%: API error rate 12.5 %, limit 10 % (of 80 requests)"
    assert TriggerFired("Health", "failed probes", 3, 3, "probes").measure == "3 failed probes, limit 3"
