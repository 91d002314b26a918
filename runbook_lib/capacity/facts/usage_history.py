"""What 61 Capacity review asks of Prometheus: the use of each resource, an hour a point, as far back as it has data.

Each resource is one question with a deadline of its own. What is missing stays missing, with the query that gave none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from runbook_lib.capacity.facts.usage_now import usage_now
from runbook_lib.contract.bounds import days_of
from runbook_lib.core.errors import BadParameter
from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment
from runbook_lib.environment.capacity import Resource, why_absent
from runbook_lib.observability.facts.alert_drills import DrillTime, drill_times
from runbook_lib.observability.facts.review_window import check_deadline, parse_until
from runbook_lib.platform.facts.availability import Unanswered, with_deadline
from runbook_lib.platform.facts.metric_ranges import MOST_POINTS, Grid, Values, single_range
from runbook_lib.platform.facts.metrics_clock import CLOCK, metrics_clock

DEADLINE_S = 30.0
POINT_S = 3600  # the queries of the environment file take the highest use of an hour


@dataclass(frozen=True)
class HistoryWindow:
    """The span that is asked for, in UTC and by Prometheus' clock. `asked_days` is what was wished for.

    `data_since`: the oldest sample that Prometheus keeps; None where it does not say. `unanswered`: it did not answer
    at all, and the span is by this machine's clock, which Prometheus' is `clock_ahead_s` ahead of. `drills` are the
    alert drills that the server has recorded: what they used, they used on purpose.
    """

    grid: Grid
    asked_days: int
    data_since: datetime | None = None
    unanswered: Unanswered | None = None
    clock_ahead_s: float | None = None
    scrapes: Mapping[str, datetime] | None = None
    drills: tuple[DrillTime, ...] | Unanswered = ()

    @property
    def known(self) -> timedelta | None:
        """How much of the time before its end Prometheus has data of; None where it does not say."""
        return None if self.data_since is None else self.grid.end - self.data_since


@dataclass(frozen=True)
class UsageHistory:
    """The use of one resource by name over the window; Unanswered where it could not be had."""

    name: str
    values: Values | Unanswered


def history_window(environment: Environment, history: str = "365d", until: str = "",
                   deadline_s: float = DEADLINE_S) -> Question[HistoryWindow]:
    """The last `history` ("90d") before `until` (ISO 8601, UTC; empty: now), from the first sample that there is.

    By Prometheus' clock. Raises BadParameter.
    """
    days, end = parse_history(history), parse_until(until, datetime.now(UTC))
    check_deadline(deadline_s, "a year of history")

    def fetch(connections: Connections) -> HistoryWindow:
        span = timedelta(days=days)
        if not environment.capacity.resources:  # nothing of Prometheus is shown, so nothing of it can be missing
            return HistoryWindow(_grid(end or datetime.now(UTC), span), days)
        clock = metrics_clock(environment, deadline_s).fetch(connections)
        if clock.now is None:
            lost = clock.unanswered or Unanswered(
                CLOCK, "Prometheus does not say what time it is", "Open Prometheus on the server (port 9090).")
            return HistoryWindow(_grid(end or datetime.now(UTC), span), days, unanswered=lost)
        last, since = end or clock.now, clock.data_since
        if since is not None:  # nothing lies before its first sample: to ask for that would only take longer
            span = min(span, max(last - since, timedelta(days=1)))
        return HistoryWindow(_grid(last, span), days, since, None, clock.ahead_s, None if end else clock.scrapes,
                             with_deadline(drill_times(environment), deadline_s).fetch(connections))

    return Question("window of the review", fetch)


def parse_history(text: str) -> int:
    """`90d` as a number of days. Raises BadParameter."""
    try:
        return days_of(text)
    except ValueError as error:
        raise BadParameter(f"history: {error}", where="the parameter history",
                           next_step="Leave it out for a year; Prometheus may keep less, and the report says so."
                           ) from error


def usage_questions(environment: Environment, window: HistoryWindow,
                    deadline_s: float = DEADLINE_S) -> tuple[Question[Any], ...]:
    """The use of every resource of the environment file, and of containers and folders, to be asked side by side.

    The last answer is UsageNow, the others are UsageHistory; what takes longer than `deadline_s` is Unanswered.
    """
    histories = (usage_history(name, resource, window, deadline_s)
                 for name, resource in environment.capacity.resources.items()
                 if not why_absent(resource, environment.absent_services))
    return (*histories, with_deadline(usage_now(environment), deadline_s))


def usage_history(name: str, resource: Resource, window: HistoryWindow, deadline_s: float) -> Question[UsageHistory]:
    """One resource; what is not there within `deadline_s` is Unanswered."""

    def fetch(connections: Connections) -> UsageHistory:
        if window.unanswered:  # asking once more would only wait once more
            return UsageHistory(name, window.unanswered)
        if window.data_since is not None and window.grid.end <= window.data_since:
            reason = f"Prometheus has data since {window.data_since:%Y-%m-%d %H:%M} UTC"
            return UsageHistory(name, Unanswered(name, reason, "Leave `until` empty, or choose a later one."))
        asked = single_range(resource.query or "", window.grid, name=name, timeout_s=deadline_s)
        answer = with_deadline(asked, deadline_s).fetch(connections)
        if isinstance(answer, Unanswered):
            answer = replace(answer, next_step=f"Compare `capacity.resources.{name}.query` with Prometheus' own page "
                             "(port 9090 on the server). 40 Health shows its targets.")
        return UsageHistory(name, answer)

    return Question(f"use of {name}", fetch)


def _grid(end: datetime, length: timedelta) -> Grid:
    """Whole steps back from the very end: the hour that another grid leaves out is all that a new server has."""
    last = end.replace(microsecond=0)
    step = POINT_S * math.ceil(length.total_seconds() / POINT_S / (MOST_POINTS - 2))
    return Grid(last - timedelta(seconds=step * (length.total_seconds() // step)), last, step)
