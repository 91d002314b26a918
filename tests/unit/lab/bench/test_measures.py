"""The bench's figures: what is counted for which way, and that what is unknown stays unknown."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lab.bench.measures import MANUAL, OURS, Interval, Row, failures_over_time, ratios, row_of
from lab.bench.report import clean_words, side_by_side, write
from lab.traffic.counters import LoadResult

DEPLOY, TRIGGER = "deploy v3.2.0", "Critical service unavailable"


def load_result_of(*failed_by_second: int) -> LoadResult:
    seconds = len(failed_by_second)
    return LoadResult(began_at=1000.0, wanted_rate=10, sent=10 * seconds, failed=sum(failed_by_second), posts=5 * seconds,
                   failed_posts=0, p50_s=0.01, p95_s=0.02, p99_s=0.03, slip_p99_s=0.0, slip_max_s=0.0,
                   sent_by_second=(10,) * seconds, failed_by_second=failed_by_second, reasons={})


def row(task: str, way: str, failed: int, clean_after_s: float | None = None) -> Row:
    return Row(task, way, "done", 30.0, 1000, failed, failed // 10, clean_after_s)


def test_a_fault_is_counted_from_the_strike_to_the_first_clean_seconds() -> None:
    interval = Interval(TRIGGER, OURS, begin=1000.0, end=1005.0, fault_at=1002.0, result="rolled back")
    found = row_of(interval, load_result_of(7, 0, 1, 2, 0, 3, 0, 0, 0, 9), clean_s=3)
    assert (found.failed, found.outage_s) == (6, 3), "what failed before the fault and after the clean seconds is another's"
    assert found.clean_after_s == 4.0


def test_the_plans_way_is_timed_from_the_operators_first_key() -> None:
    interval = Interval(TRIGGER, MANUAL, begin=1000.0, end=1006.0, fault_at=1001.0, first_key_at=1003.0)
    assert row_of(interval, load_result_of(0, 5, 5, 5, 5, 5, 5, 0, 0, 0), clean_s=3).clean_after_s == 4.0


def test_a_server_that_never_got_well_has_no_time_until_clean() -> None:
    interval = Interval(TRIGGER, OURS, begin=1000.0, end=1003.0, fault_at=1000.0)
    found = row_of(interval, load_result_of(1, 1, 1, 0), clean_s=3)
    assert found.clean_after_s is None
    assert clean_words(found) == "never"


def test_a_ratio_against_nothing_is_no_number() -> None:
    failed, outage, work = ratios([row(DEPLOY, OURS, 0), row(DEPLOY, MANUAL, 400)])
    assert (failed.times, str(failed)) == (None, "none against 400")
    assert work.what == "seconds of work"
    assert outage.times is None


def test_a_ratio_says_how_many_times_more_the_plan_costs() -> None:
    found = {one.what: one for one in ratios([row(TRIGGER, OURS, 100, 5.0), row(TRIGGER, MANUAL, 400, 60.0)])}
    assert str(found["failed requests"]) == "4.0 times"
    assert str(found["seconds until clean"]) == "12.0 times"


def test_an_unknown_time_gives_no_ratio() -> None:
    found = {one.what: one for one in ratios([row(TRIGGER, OURS, 100, 5.0), row(TRIGGER, MANUAL, 400, None)])}
    assert str(found["seconds until clean"]) == "unknown"


def test_one_way_alone_is_compared_with_nothing() -> None:
    assert ratios([row(DEPLOY, OURS, 0)]) == []


def test_both_ways_of_a_task_stand_together() -> None:
    rows = [row(DEPLOY, OURS, 0), row(TRIGGER, OURS, 0), row(DEPLOY, MANUAL, 0), row(TRIGGER, MANUAL, 0)]
    assert [(one.task, one.way) for one in side_by_side(rows)] == [
        (DEPLOY, OURS), (DEPLOY, MANUAL), (TRIGGER, OURS), (TRIGGER, MANUAL)]


def test_the_chart_begins_and_ends_with_the_stretch() -> None:
    interval = Interval(TRIGGER, OURS, begin=1000.0, end=1005.0, fault_at=1002.0)
    result = load_result_of(7, 0, 1, 2, 0, 0, 0, 0, 9, 9)
    assert failures_over_time(interval, result, 2, 60) == [1, 2, 0, 0]
    assert failures_over_time(interval, result, 2, 2) == [1, 2]


@pytest.mark.parametrize(("whole", "said"), [(True, "Measured to the end"), (False, "Stopped before the end")])
def test_the_report_says_whether_the_bench_came_to_its_end(tmp_path: Path, whole: bool, said: str) -> None:
    result = load_result_of(0, 5, 0)
    intervals = [Interval(DEPLOY, OURS, 1000.0, 1001.0), Interval(DEPLOY, MANUAL, 1001.0, 1003.0, notes=["<b>x</b>"])]
    rows = [row_of(interval, result, 1) for interval in intervals]
    report = write(tmp_path, rows, intervals, result, instance="bench", began=datetime.now(UTC), clean_s=1, whole=whole)
    text = report.read_text()
    assert said in text
    assert "git pull origin develop" in text
    assert "<svg" in text and "<b>x</b>" not in text and "http" not in text.split("<svg")[0].replace("http-equiv", "")
