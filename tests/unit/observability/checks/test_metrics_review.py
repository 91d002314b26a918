"""What changed and when, in words; what is kept as evidence; and the sentence that a report opens with."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.observability.checks.level_shifts import LevelShift
from runbook_lib.observability.checks.metrics import (
    changes_found,
    metrics_are_recorded,
    metrics_below_thresholds,
)
from runbook_lib.observability.checks.metrics_review import Change, amount, review_metrics
from runbook_lib.observability.facts.alert_drills import DrillTime
from runbook_lib.observability.facts.metric_history import WEEK_BEFORE, AlertPeriod
from runbook_lib.platform.facts.availability import Unanswered
from tests.unit.metrics_doubles import BEGIN, HOUR, NOTHING, deployed, history, review
from tests.unit.observability_doubles import staging

SLOWER = [0.21] * 30 + [0.84] * 30


def test_a_change_is_named_with_size_time_and_the_deployment_before_it() -> None:
    (change,) = review({"response_time": SLOWER}, releases=[27]).changes
    assert change.words == ("Response time (p95) rose from 0.21 s to 0.84 s at 12:30 UTC, 3 min after the deployment of "
                            "v3.1.0")
    assert change.worse is True
    assert change.row["when (UTC)"] == "2026-11-27 12:30:00"


def test_a_deployment_long_before_or_after_is_not_named() -> None:
    for minute in (-30, 32):
        (change,) = review({"response_time": SLOWER}, releases=[minute]).changes
        assert change.words.endswith("at 12:30 UTC")


def test_a_change_at_the_switch_is_the_deployments_though_it_was_recorded_later() -> None:
    """A release is recorded minutes after it got the traffic: what it made slower had changed before it."""
    known = deployed(32)
    begun = replace(known, releases=(replace(known.releases[0], started=BEGIN + timedelta(minutes=29)),))
    histories = [history(name, staging().metrics[name].main, SLOWER if name == "response_time" else [2.0] * 60) for name in staging().metrics]
    found = review_metrics(staging(), HOUR, (*histories, begun, NOTHING, ()))
    (change,) = [one for one in found.changes if one.worse]
    assert "1 min after the deployment of v" in change.words
    checks = {one.check: one.verdict for one in changes_found(found)}
    assert checks["no change for the worse after the last deployment"] is Verdict.WARNING


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


def minute(of: float) -> datetime:
    return BEGIN + timedelta(minutes=of)


def test_a_real_fault_during_a_drill_of_the_same_alert_is_no_work_of_the_drill() -> None:
    """41 passed while the error rate was high for ten minutes, of which a drill of 40 s had made none but the first."""
    high = {"error_rate": [0.0] * 30 + [40.0] * 10 + [0.0] * 20}
    drill = DrillTime(minute(29.5), minute(38), {"ErrorRateHigh": (minute(29.7), minute(30.4))})
    fires = [AlertPeriod("ErrorRateHigh", minute(30), minute(31), drill=True),
             AlertPeriod("ErrorRateHigh", minute(33), minute(40))]
    made = review(high, releases=[5], drills=[drill], alerts=fires)
    judged = next(one for one in metrics_below_thresholds(made) if one.check == "Error rate is not above 5 %")
    assert (judged.verdict, "above it for 9 min" in judged.measured) == (Verdict.FAILED, True)
    assert [one.label for one in made.marks[-2:]] == ["ErrorRateHigh (drill)", "ErrorRateHigh"]
    other = review(high, drills=[replace(drill, provoked={"CpuUsageHigh": (minute(29.7), minute(38))})], alerts=fires[1:])
    assert {one.check: one.verdict for one in metrics_below_thresholds(other)}["Error rate is not above 5 %"] is Verdict.FAILED


def test_what_an_alert_drill_provoked_is_named_and_no_fault_of_the_environment() -> None:
    """After a drill 41 called the threshold crossed, and named a deployment of 25 minutes before as what came first."""
    high = {"error_rate": [0.0] * 30 + [40.0] * 10 + [0.0] * 20}
    drill = DrillTime(BEGIN + timedelta(minutes=29, seconds=30), BEGIN + timedelta(minutes=40))
    above = "Error rate is not above 5 %"
    assert {one.check: one.verdict for one in metrics_below_thresholds(review(high, releases=[5]))}[above] is Verdict.FAILED
    made = review(high, releases=[5], drills=[drill])
    judged = next(one for one in metrics_below_thresholds(made) if one.check == above)
    assert (judged.verdict, judged.measured) == (
        Verdict.PASSED, "highest: 40 %; beyond it only while an alert drill provoked its alert")
    assert [one.words for one in made.changes] == [
        "Error rate rose from 0 % to 40 % at 12:30 UTC, during the alert drill of 12:29",
        "Error rate fell from 40 % to 0 % at 12:40 UTC, during the alert drill of 12:29"]
    assert {one.verdict for one in changes_found(made)} == {Verdict.PASSED}
    of_drill = AlertPeriod("ErrorRateHigh", minute(31), minute(40), drill=True)
    assert review(high, releases=[5], drills=[drill], alerts=[of_drill]).marks[-1].label == "ErrorRateHigh (drill)"
    later = review({"error_rate": [0.0] * 30 + [40.0] * 30}, drills=[drill])
    assert {one.check: one.verdict for one in metrics_below_thresholds(later)}[above] is Verdict.FAILED


@pytest.mark.parametrize(("value", "unit", "words"), [
    (0.2134, "s", "0.213 s"), (84.26, "%", "84.3 %"), (1234.5, "req/s", "1,234 req/s"), (0.0, "", "0"), (-0.5, "s", "-0.5 s"),
])
def test_amounts_have_three_digits_and_their_unit(value: float, unit: str, words: str) -> None:
    assert amount(value, unit) == words
