"""Measurements as values: one row for each task and method, and the two methods compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from lab.traffic import LoadResult

RUNBOOK, MANUAL = "the runbook", "the plan's commands"


@dataclass
class Interval:
    """A measured interval in Unix time, from the start, or the fault, to the end of the work.

    `fault_at` is when a fault was injected, `first_key_at` when the operator began to fix it; None where neither was.
    """

    task: str
    method: str
    begin: float
    end: float = 0.0
    fault_at: float | None = None
    first_key_at: float | None = None
    result: str = ""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Row:
    """An interval with the load's results. `clean_after_s`: from fault or first keystroke to the first clean second."""

    task: str
    method: str
    result: str
    seconds: float
    sent: int
    failed: int
    outage_s: int
    clean_after_s: float | None
    notes: tuple[str, ...] = ()


def row_of(interval: Interval, load_result: LoadResult, clean_s: int) -> Row:
    """The row of an interval; its failures are counted until the first `clean_s` clean seconds."""
    begin, first_clean_at, until = _span(interval, load_result, clean_s)
    sent, failed, outage_s = load_result.between(begin, until)
    broken = interval.fault_at is not None
    after = round(max(0.0, first_clean_at - begin), 1) if broken and first_clean_at is not None else None
    return Row(interval.task, interval.method, interval.result, round(interval.end - begin, 1), sent, failed, outage_s,
               after, tuple(interval.notes))


def failures_over_time(interval: Interval, load_result: LoadResult, clean_s: int, longest_s: int) -> list[int]:
    """Failed requests in each second, until the interval is over and the load is clean; at most `longest_s` values."""
    begin, _, until = _span(interval, load_result, clean_s)
    first, last = (max(0, int(moment - load_result.began_at)) for moment in (begin, until))
    return list(load_result.failed_by_second[first : min(last + 1, first + longest_s)])


def _span(interval: Interval, load_result: LoadResult, clean_s: int) -> tuple[float, float | None, float]:
    """From when on failures count (keystroke, fault or start), when the load was clean, and until when they count."""
    begin = interval.first_key_at or interval.fault_at or interval.begin
    first_clean_at = load_result.clean_from(begin, clean_s)
    return begin, first_clean_at, max(interval.end, first_clean_at or interval.end)


@dataclass(frozen=True)
class Ratio:
    """How many times more the plan's commands cost than the runbook, in one quantity of one task."""

    task: str
    what: str
    runbook: float | None
    manual: float | None

    @property
    def times(self) -> float | None:
        """The ratio; None when the runbook cost nothing, or one of the two is unknown."""
        return self.manual / self.runbook if self.runbook and self.manual is not None else None

    def __str__(self) -> str:
        if self.runbook is None or self.manual is None:
            return "unknown"
        if self.times is None:
            return "none vs none" if not self.manual else f"none vs {self.manual:g}"
        return f"{self.times:.1f} times"


def ratios(rows: Iterable[Row]) -> list[Ratio]:
    """The two methods compared, for each task that was measured with both."""
    by_task: dict[str, dict[str, Row]] = {}
    for row in rows:
        by_task.setdefault(row.task, {})[row.method] = row
    found = []
    for task, methods in by_task.items():
        if {RUNBOOK, MANUAL} <= set(methods):
            ours, manual = methods[RUNBOOK], methods[MANUAL]
            found.append(Ratio(task, "failed requests", ours.failed, manual.failed))
            found.append(Ratio(task, "seconds of outage", ours.outage_s, manual.outage_s))
            if ours.clean_after_s is not None or manual.clean_after_s is not None:
                found.append(Ratio(task, "seconds until clean", ours.clean_after_s, manual.clean_after_s))
            else:
                found.append(Ratio(task, "seconds of work", ours.seconds, manual.seconds))
    return found
