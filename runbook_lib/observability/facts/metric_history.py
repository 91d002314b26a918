"""What 41 Metrics review asks: a window by Prometheus' own clock, each metric in it and in two earlier ones, marks.

Each metric is one question with a deadline of its own. What is missing stays missing, with the query that gave nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from runbook_lib.contract.bounds import span_of
from runbook_lib.core.errors import BadParameter, FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment
from runbook_lib.environment.metrics import Metric
from runbook_lib.observability.facts.alert_drills import DrillTime, drill_times
from runbook_lib.observability.facts.alert_rules import DRILL_LABEL
from runbook_lib.observability.facts.review_window import check_deadline, parse_until
from runbook_lib.platform.facts.availability import Unanswered, with_deadline
from runbook_lib.platform.facts.known_state import known_state
from runbook_lib.platform.facts.metric_ranges import (
    Grid,
    RangeSeries,
    Values,
    grid_between,
    range_query,
    single_range,
)
from runbook_lib.platform.facts.metrics_clock import metrics_clock
from runbook_lib.recovery.facts.backup_survey import survey

DEADLINE_S = 15.0
WEEK_S = 7 * 86_400.0
COMPARED_POINTS = 1_000  # an earlier window is compared as a whole: a finer grid would only take longer
NOW, BEFORE, WEEK_BEFORE = "now", "the window before", "a week before"


@dataclass(frozen=True)
class MetricsWindow:
    """The span that is reviewed, in UTC and by Prometheus' clock, which is `clock_ahead_s` ahead of this machine's.

    `data_since`: the oldest sample that Prometheus keeps; None where it does not say. `unanswered`: it did not answer
    at all, and the span is by this machine's clock. `scrapes`: each job's last one, of a window that ends now.
    `drills`: alert drills that the server has recorded.
    """

    grid: Grid
    clock_ahead_s: float | None
    data_since: datetime | None
    unanswered: Unanswered | None = None
    scrapes: Mapping[str, datetime] | None = None
    drills: tuple[DrillTime, ...] = ()

    @property
    def grids(self) -> dict[str, Grid]:
        """The window, and the earlier ones that it is compared with, by name."""
        coarse = self.grid.thinned(COMPARED_POINTS)
        seconds = (self.grid.end - self.grid.begin).total_seconds()
        return {NOW: self.grid, BEFORE: coarse.moved(-seconds), WEEK_BEFORE: coarse.moved(-WEEK_S)}

    def impossible(self, name: str) -> str:
        """Why there can be no data for one of the windows; empty where nothing is known to speak against it."""
        grid = self.grids[name]
        if name == WEEK_BEFORE and grid.end > self.grid.begin:
            return "the window is longer than a week, and would be compared with itself"
        if self.data_since is not None and grid.end <= self.data_since:
            return f"Prometheus has data since {self.data_since:%Y-%m-%d %H:%M} UTC"
        return ""


@dataclass(frozen=True)
class MetricHistory:
    """One metric by name: for each window, and each of its lines, the values or why there are none.

    `activity` is what it needs to have a value at all, over the window; None where it needs nothing else.
    """

    name: str
    windows: Mapping[str, Mapping[str, Values | Unanswered]]
    activity: Values | Unanswered | None = None


@dataclass(frozen=True)
class AlertPeriod:
    """An alert fired from `begin` to `end` (UTC), to the exactness of the grid. `drill`: it was one of a drill."""

    name: str
    begin: datetime
    end: datetime
    drill: bool = False


def metrics_window(environment: Environment, window: str = "6h", until: str = "",
                   deadline_s: float = DEADLINE_S) -> Question[MetricsWindow]:
    """The span of length `window` ("90m", "6h", "7d") that ends `until` (ISO 8601, UTC; empty: now).

    Raises BadParameter for a span that is too short, too long, or in the future.
    """
    length, end = parse_window(window), parse_until(until, datetime.now(UTC))
    check_deadline(deadline_s, "a month of data")

    def fetch(connections: Connections) -> MetricsWindow:
        clock = metrics_clock(environment, deadline_s).fetch(connections)
        last = end or clock.now or datetime.now(UTC)
        drills = with_deadline(drill_times(environment), deadline_s).fetch(connections)
        return MetricsWindow(grid_between(last - length, last), clock.ahead_s, clock.data_since, clock.unanswered,
                             None if end else clock.scrapes, () if isinstance(drills, Unanswered) else drills)

    return Question("window of the review", fetch)


def parse_window(text: str) -> timedelta:
    """`90m`, `6h` or `7d` as a span between five minutes and thirty days. Raises BadParameter."""
    try:
        return span_of(text)
    except ValueError as error:
        raise BadParameter(f"window: {error}", where="the parameter window",
                           next_step="Prometheus keeps 30 days here; a rate needs some minutes.") from error


def metrics_questions(environment: Environment, window: MetricsWindow,
                      deadline_s: float = DEADLINE_S) -> tuple[Question[Any], ...]:
    """Every metric of the environment file, then deployments, backups and alerts, to be asked side by side.

    What takes longer than `deadline_s`, or cannot be had, is Unanswered.
    """
    asked = [metric_history(name, metric, window, deadline_s) for name, metric in environment.metrics.items()
             if not metric.absent_reason]
    return (*asked, *(with_deadline(question, deadline_s) for question in (
        known_state(environment, deadline_s / 2), survey(environment, checksums=0), alert_periods(window))))


def metric_history(name: str, metric: Metric, window: MetricsWindow, deadline_s: float) -> Question[MetricHistory]:
    """One metric: all its lines over the window, and the judged one over the earlier windows.

    All of it has `deadline_s` together; what is not there by then is Unanswered.
    """

    def fetch(connections: Connections) -> MetricHistory:
        until = time.monotonic() + deadline_s

        def values(query: str, span: str) -> Values | Unanswered:
            reason = window.impossible(span)
            if window.unanswered or reason:  # asking once more would only wait once more
                return window.unanswered or Unanswered(name, reason)
            left_s = max(0.1, until - time.monotonic())
            asked = single_range(query, window.grids[span], name=name, timeout_s=left_s)
            return with_deadline(asked, left_s).fetch(connections)

        now = {line: values(query, NOW) for line, query in metric.queries.items()}
        activity = values(metric.activity, NOW) if metric.activity else None
        main = metric.queries[metric.main]
        earlier = {span: {metric.main: values(main, span)} for span in (BEFORE, WEEK_BEFORE)}
        return MetricHistory(name, {NOW: now, **earlier}, activity)

    return Question(f"metric {name}", fetch)


def alert_periods(window: MetricsWindow) -> Question[tuple[AlertPeriod, ...]]:
    """Every alert that fired within the window, from when to when; by name. Raises EndpointUnavailable, FactUnreadable.

    Source: Prometheus manual, alerting rules, the series ALERTS.
    """
    step = window.grid.step_s
    query = f'max by (alertname, {DRILL_LABEL}) (max_over_time(ALERTS{{alertstate="firing"}}[{step}s]))'
    asked = range_query(query, window.grid, name="alerts")

    def fetch(connections: Connections) -> tuple[AlertPeriod, ...]:
        if window.unanswered:
            raise FactUnreadable(window.unanswered.reason, next_step=window.unanswered.next_step)
        return tuple(period for series in asked.fetch(connections) for period in _periods(series, window.grid))

    return Question(asked.name, fetch)


def _periods(series: RangeSeries, grid: Grid) -> list[AlertPeriod]:
    periods: list[AlertPeriod] = []
    name, begin = series.labels.get("alertname", "an alert"), None
    drill = bool(series.labels.get(DRILL_LABEL))
    for place, value in enumerate((*series.values, None)):
        if value and begin is None:
            begin = place
        elif not value and begin is not None:
            periods.append(AlertPeriod(name, grid.at(begin), grid.at(place - 1), drill))
            begin = None
    return periods
