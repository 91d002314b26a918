"""The report of the benchmark: both methods of a task together, and whether it was completed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lab.bench.measures import MANUAL, RUNBOOK, Interval, row_of
from lab.bench.report import grouped_by_task, write
from tests.unit.lab.bench.samples import DEPLOY, TRIGGER, load_result_of, row


def test_both_methods_of_a_task_are_together() -> None:
    rows = [row(DEPLOY, RUNBOOK, 0), row(TRIGGER, RUNBOOK, 0), row(DEPLOY, MANUAL, 0), row(TRIGGER, MANUAL, 0)]
    assert [(one.task, one.method) for one in grouped_by_task(rows)] == [
        (DEPLOY, RUNBOOK), (DEPLOY, MANUAL), (TRIGGER, RUNBOOK), (TRIGGER, MANUAL)]


@pytest.mark.parametrize(("completed", "shown"), [(True, "Completed"), (False, "Stopped before the end")])
def test_the_report_shows_whether_the_benchmark_completed(tmp_path: Path, completed: bool, shown: str) -> None:
    result = load_result_of(0, 5, 0)
    intervals = [Interval(DEPLOY, RUNBOOK, 1000.0, 1001.0), Interval(DEPLOY, MANUAL, 1001.0, 1003.0, notes=["<b>x</b>"])]
    rows = [row_of(interval, result, 1) for interval in intervals]
    report = write(tmp_path, rows, intervals, result, instance="bench", began=datetime.now(UTC), clean_s=1, completed=completed)
    text = report.read_text()
    assert shown in text
    assert "git pull origin develop" in text
    assert "<svg" in text and "<b>x</b>" not in text and "http" not in text.split("<svg")[0].replace("http-equiv", "")
