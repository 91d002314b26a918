"""The figures of the benchmark: what counts for which method, and unknown figures stay unknown."""

from __future__ import annotations

from lab.bench.measures import MANUAL, RUNBOOK, Interval, failures_over_time, ratios, row_of
from lab.bench.report import clean_after
from tests.unit.lab.bench.samples import DEPLOY, TRIGGER, load_result_of, row


def test_failures_count_from_the_fault_to_the_first_clean_seconds() -> None:
    interval = Interval(TRIGGER, RUNBOOK, begin=1000.0, end=1005.0, fault_at=1002.0, result="rolled back")
    found = row_of(interval, load_result_of(7, 0, 1, 2, 0, 3, 0, 0, 0, 9), clean_s=3)
    assert (found.failed, found.outage_s) == (6, 3), "failures before the fault and after the clean seconds do not count"
    assert found.clean_after_s == 4.0


def test_the_plans_commands_are_timed_from_the_first_keystroke() -> None:
    interval = Interval(TRIGGER, MANUAL, begin=1000.0, end=1006.0, fault_at=1001.0, first_key_at=1003.0)
    assert row_of(interval, load_result_of(0, 5, 5, 5, 5, 5, 5, 0, 0, 0), clean_s=3).clean_after_s == 4.0


def test_a_server_that_never_recovered_has_no_time_until_clean() -> None:
    interval = Interval(TRIGGER, RUNBOOK, begin=1000.0, end=1003.0, fault_at=1000.0)
    found = row_of(interval, load_result_of(1, 1, 1, 0), clean_s=3)
    assert found.clean_after_s is None
    assert clean_after(found) == "never"


def test_a_ratio_to_zero_is_not_a_number() -> None:
    failed, outage, work = ratios([row(DEPLOY, RUNBOOK, 0), row(DEPLOY, MANUAL, 400)])
    assert (failed.times, str(failed)) == (None, "none vs 400")
    assert work.what == "seconds of work"
    assert outage.times is None


def test_a_ratio_shows_how_many_times_more_the_plan_costs() -> None:
    found = {one.what: one for one in ratios([row(TRIGGER, RUNBOOK, 100, 5.0), row(TRIGGER, MANUAL, 400, 60.0)])}
    assert str(found["failed requests"]) == "4.0 times"
    assert str(found["seconds until clean"]) == "12.0 times"


def test_an_unknown_time_gives_no_ratio() -> None:
    found = {one.what: one for one in ratios([row(TRIGGER, RUNBOOK, 100, 5.0), row(TRIGGER, MANUAL, 400, None)])}
    assert str(found["seconds until clean"]) == "unknown"


def test_one_method_alone_is_not_compared() -> None:
    assert ratios([row(DEPLOY, RUNBOOK, 0)]) == []


def test_the_chart_begins_and_ends_with_the_stretch() -> None:
    interval = Interval(TRIGGER, RUNBOOK, begin=1000.0, end=1005.0, fault_at=1002.0)
    result = load_result_of(7, 0, 1, 2, 0, 0, 0, 0, 9, 9)
    assert failures_over_time(interval, result, 2, 60) == [1, 2, 0, 0]
    assert failures_over_time(interval, result, 2, 2) == [1, 2]
