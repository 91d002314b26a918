"""The metrics of a window put together: what is known of each, what changed and when, what happened meanwhile. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any

from runbook_lib.core.text import readable_number, unit_for
from runbook_lib.environment import Environment
from runbook_lib.environment.metrics import Metric
from runbook_lib.observability.checks.level_shifts import LevelShift, level_shifts
from runbook_lib.observability.checks.metric_marks import BACKUP, DEPLOYMENT, DRILL, Mark, marks_of
from runbook_lib.observability.checks.real_alerts import is_real, real_periods
from runbook_lib.observability.facts.alert_drills import DrillTime
from runbook_lib.observability.facts.metric_history import (
    BEFORE,
    NOW,
    WEEK_BEFORE,
    AlertPeriod,
    MetricHistory,
    MetricsWindow,
)
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.metric_ranges import Grid, Values

NEAR = timedelta(minutes=30)  # a change so soon after a deployment or a backup is named together with it
ABOUT = timedelta(seconds=60)  # a rate over a minute moves before the mark of what moved it
Known = Values | Unanswered


@dataclass(frozen=True)
class Change:
    """A metric went to another level; `after_mark` is what happened shortly before. `worse`: None where neither is.

    `dated`: its words need the day, because the window is longer than one.
    """

    title: str
    unit: str
    shift: LevelShift
    worse: bool | None
    after_mark: Mark | None = None
    dated: bool = False

    @property
    def words(self) -> str:
        """What changed, by how much, when, and after what, as a clause of a sentence."""
        shift, unit = self.shift, self.unit
        went = "rose" if shift.size > 0 else "fell"
        moved = f"{self.title} {went} from {amount(shift.before, unit)} to {amount(shift.after, unit)}"
        apart = (shift.at - shift.last_before).total_seconds()
        form = "%d %b %H:%M" if self.dated else "%H:%M"
        begun, ended = f"{shift.last_before:{form}}", f"{shift.at:{form}} UTC"
        if shift.gradual:
            text = f"{moved}, gradually, {begun} to {ended}"
        elif apart > max(180.0, 3 * shift.joined_s):
            text = f"{moved} between {begun} and {ended}, without data in between"
        else:
            text = f"{moved} at {ended}"
        if self.after_mark is None:
            return text
        if self.after_mark.kind == DRILL:
            return f"{text}, during {self.after_mark.name}"
        minutes = (shift.at - self.after_mark.at).total_seconds() / 60
        return f"{text}, {'with' if minutes < 1 else f'{minutes:.0f} min after'} {self.after_mark.in_words}"

    @property
    def row(self) -> dict[str, str]:
        """The change as a row of a table."""
        words = {True: "worse", False: "better", None: "–"}
        return {"when (UTC)": f"{self.shift.at:%Y-%m-%d %H:%M:%S}", "metric": self.title,
                "from": amount(self.shift.before, self.unit), "to": amount(self.shift.after, self.unit),
                "is": words[self.worse], "after": self.after_mark.name if self.after_mark else "–"}


@dataclass(frozen=True)
class ReviewedMetric:
    """One metric over the window and the earlier ones. `history` None: it was not asked for. `real`: when its alert
    fired, or waited to, and no drill had made it."""

    name: str
    metric: Metric
    history: MetricHistory | None
    limit: float | None = None
    limit_s: int = 0
    enough: tuple[bool | None, ...] | None = None
    changes: tuple[Change, ...] = ()
    real: tuple[AlertPeriod, ...] = ()

    def main(self, window: str = NOW) -> Known:
        """The values of the judged line."""
        if self.history is None:
            return Unanswered(self.name, self.metric.absent_reason or "it was not asked for")
        return self.history.windows[window][self.metric.main]

    @property
    def title(self) -> str:
        """With the name of the judged line, where there are several."""
        return self.metric.title + (f" ({self.metric.main})" if len(self.metric.queries) > 1 else "")

    @property
    def row(self) -> dict[str, str]:
        """Median and extremes of the window, and the medians of the earlier ones, for a table."""
        unit, now = self.metric.unit, self.main()
        known = now.known if isinstance(now, Values) else ()
        typical = {window: _typical(self.main(window), unit) for window in (NOW, BEFORE, WEEK_BEFORE)}
        return {"metric": self.title, "median now": typical[NOW], "lowest": amount(min(known), unit) if known else "–",
                "highest": amount(max(known), unit) if known else "–", BEFORE: typical[BEFORE],
                WEEK_BEFORE: typical[WEEK_BEFORE]}


@dataclass(frozen=True)
class MetricsReview:
    """All metrics of one window, what changed and what happened. `missing`: deployments, backups, alerts not known."""

    window: MetricsWindow
    metrics: tuple[ReviewedMetric, ...]
    marks: tuple[Mark, ...]
    missing: tuple[Unanswered, ...]
    last_deployment: Mark | None

    @property
    def grid(self) -> Grid:
        """The points in time of the window."""
        return self.window.grid

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes, those for the worse first, each oldest first."""
        found = (change for one in self.metrics for change in one.changes)
        return tuple(sorted(found, key=lambda one: (one.worse is not True, one.shift.at)))

    @property
    def table(self) -> list[dict[str, str]]:
        """One row a metric."""
        return [one.row for one in self.metrics]

    @property
    def change_rows(self) -> list[dict[str, str]] | str:
        """One row a change; a sentence that says so where there is none."""
        return [one.row for one in self.changes] or "No metric changed its level."

    def csv(self, window: str = NOW) -> str:
        """Every point of one window as CSV: the time in UTC, then a column a line; empty where there is no sample."""
        grid = self.window.grids[window]
        columns = [(f"{one.name} {line} [{one.metric.unit}]", values) for one in self.metrics if one.history
                   for line, values in one.history.windows[window].items()]
        out = io.StringIO()
        write = csv.writer(out, lineterminator="\n")
        write.writerow(["time (UTC)", *(name for name, _ in columns)])
        for place, at in enumerate(grid):
            values = [column[place] if isinstance(column, Values) else None for _, column in columns]
            write.writerow([f"{at:%Y-%m-%dT%H:%M:%SZ}", *("" if one is None else f"{one:.6g}" for one in values)])
        return out.getvalue()


def review_metrics(environment: Environment, window: MetricsWindow, answers: Sequence[Any]) -> MetricsReview:
    """The answers to `metrics_questions`, put together."""
    *histories, deployed, backups, alerts = answers
    found = {one.name: one for one in histories}
    marks = marks_of(window, deployed, backups, alerts)
    rate = found.get("request_rate")
    least = environment.alerts.minimum_requests_per_minute / 60
    reviewed = []
    for name, metric in environment.metrics.items():
        history = found.get(name)
        condition = environment.alerts.conditions[metric.alert] if metric.alert else None
        limit = condition.above if condition else metric.above if metric.above is not None else metric.below
        for_s = condition.for_s if condition else metric.for_s
        fired = () if isinstance(alerts, Unanswered) else alerts
        real = real_periods(metric.alert, for_s, fired, window.drills)
        reviewed.append(ReviewedMetric(
            name, metric, history, limit, for_s, _enough(rate, environment, least) if metric.needs_requests else None,
            _changes(metric, history, window.grid, marks, real), real))
    deployments = [one for one in marks if one.kind == DEPLOYMENT]
    return MetricsReview(window, tuple(reviewed), marks,
                         tuple(one for one in (deployed, backups, alerts) if isinstance(one, Unanswered)),
                         deployments[-1] if deployments else None)


def amount(value: float, unit: str) -> str:
    """A value with its unit, three digits: `0.21 s`, `84 %`, `1,200 req/s`."""
    number = readable_number(value)
    return f"{number} {unit_for(number, unit)}".rstrip()


def _typical(values: Known, unit: str) -> str:
    return amount(median(values.known), unit) if isinstance(values, Values) and values.known else "–"


def _enough(rate: MetricHistory | None, environment: Environment, least: float) -> tuple[bool | None, ...]:
    """For each point whether there were requests enough to judge a ratio; None where that is not known."""
    values = rate.windows[NOW][environment.metrics["request_rate"].main] if rate else None
    if not isinstance(values, Values):
        return ()
    return tuple(None if one is None else one >= least for one in values)


def _changes(metric: Metric, history: MetricHistory | None, grid: Grid, marks: tuple[Mark, ...],
             real: tuple[AlertPeriod, ...]) -> tuple[Change, ...]:
    values = history.windows[NOW][metric.main] if history else None
    if not isinstance(values, Values) or metric.minimum_change is None:
        return ()
    title = metric.title + (f" ({metric.main})" if len(metric.queries) > 1 else "")
    dated = grid.end - grid.begin > timedelta(hours=20)
    found = level_shifts(values, grid, metric.minimum_change)
    changes = []
    for one in found:
        mark = _mark_before(one, marks, real)
        neither = metric.worse is None or (mark is not None and mark.kind == DRILL)  # a drill makes it worse on purpose
        bad = None if neither else (one.size > 0) == (metric.worse == "higher")
        changes.append(Change(title, metric.unit, one, bad, mark, dated))
    return tuple(changes)


def _mark_before(shift: LevelShift, marks: tuple[Mark, ...], real: tuple[AlertPeriod, ...]) -> Mark | None:
    """An alert drill meanwhile, else the last deployment shortly before, or backup. An alert follows a change."""
    begun = shift.last_before if shift.gradual else shift.at
    drill = next((one for one in marks if one.kind == DRILL and DrillTime(one.at, one.end).covers(begun)), None)
    if drill is not None and not is_real(begun, real, ABOUT):
        return drill
    near = [one for one in marks if one.kind in (DEPLOYMENT, BACKUP) and one.at - ABOUT <= begun <= one.at + NEAR]
    return max(near, key=lambda one: (one.kind == DEPLOYMENT, one.at), default=None)
