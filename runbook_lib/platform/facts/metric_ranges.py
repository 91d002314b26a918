"""Metrics over a span of time, asked of Prometheus on an even grid: where there is no sample there is no value."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, overload

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import head_of, readable_number
from runbook_lib.core.times import from_timestamp

MOST_POINTS = 11_000  # Prometheus refuses a query for more of them in a series
# as people read a clock; 5 s is how often Prometheus scrapes here: closer points would repeat the same value
STEPS_S = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)
COMPARE = "Open Prometheus on the server (port 9090), run the query there, and compare."


class Values(Sequence[float | None]):
    """Values of a series, one for each point of its grid; None where there is no sample, or no number.

    As text, and so in the journal, it is a summary: a month has thousands of points, and evidence files hold them.
    """

    def __init__(self, values: Sequence[float | None]) -> None:
        self._values = tuple(values)

    @overload
    def __getitem__(self, place: int) -> float | None: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[float | None, ...]: ...
    def __getitem__(self, place: int | slice) -> float | tuple[float | None, ...] | None:
        return self._values[place]

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Values) and self._values == other._values

    def __hash__(self) -> int:
        return hash(self._values)

    @property
    def known(self) -> tuple[float, ...]:
        """The values that there are, in order."""
        return tuple(one for one in self._values if one is not None)

    def __str__(self) -> str:
        known = self.known
        if not known:
            return f"none of {len(self)} points"
        least, most = readable_number(min(known), 4), readable_number(max(known), 4)
        return f"{len(known)} of {len(self)} points, {least} to {most}"

    __repr__ = __str__


@dataclass(frozen=True)
class Grid:
    """Points in time from `begin` to `end` (UTC), both included, `step_s` seconds apart."""

    begin: datetime
    end: datetime
    step_s: int

    def __len__(self) -> int:
        return int((self.end - self.begin).total_seconds()) // self.step_s + 1

    def __iter__(self) -> Iterator[datetime]:
        return (self.at(place) for place in range(len(self)))

    def at(self, place: int) -> datetime:
        """The time of a point."""
        return self.begin + timedelta(seconds=place * self.step_s)

    def moved(self, seconds: float) -> Grid:
        """The same grid, so much later; earlier where it is negative."""
        by = timedelta(seconds=seconds)
        return Grid(self.begin + by, self.end + by, self.step_s)

    def thinned(self, most_points: int) -> Grid:
        """The same span with at most so many points."""
        return grid_between(self.begin, self.end, most_points=most_points, least_step_s=self.step_s)


@dataclass(frozen=True)
class RangeSeries:
    """One series of a range query, on the grid that was asked for."""

    labels: dict[str, str]
    values: Values


def grid_between(begin: datetime, end: datetime, *, most_points: int = MOST_POINTS, least_step_s: int = 5) -> Grid:
    """The finest grid over a span that has at most `most_points` points, each at a whole multiple of its step."""
    span = (end - begin).total_seconds()
    step = next((one for one in STEPS_S if one >= least_step_s and span / one < most_points - 1), None)
    if step is None:  # longer than any window: whole days
        step = STEPS_S[-1] * math.ceil(span / (most_points - 1) / STEPS_S[-1])
    # aligned, as some servers of this API answer only at such times whatever was asked for
    first, last = math.ceil(begin.timestamp() / step), math.floor(end.timestamp() / step)
    return Grid(from_timestamp(first * step), from_timestamp(max(first, last) * step), step)


def range_query(query: str, grid: Grid, *, name: str = "", timeout_s: float = 15.0,
                ) -> Question[tuple[RangeSeries, ...]]:
    """All series of a query over a grid; no series is an empty tuple: missing data, not zero.

    Prometheus gives up after `timeout_s`. Raises EndpointUnavailable, FactUnreadable.
    """
    words = {"start": f"{grid.begin.timestamp():.0f}", "end": f"{grid.end.timestamp():.0f}",
             "step": str(grid.step_s), "timeout": f"{max(1, math.ceil(timeout_s))}s"}

    def fetch(connections: Connections) -> tuple[RangeSeries, ...]:
        return parse_ranges(connections.prometheus.get("query_range", query=query, **words), grid, query)

    return Question(name or query, fetch)


def single_range(query: str, grid: Grid, *, name: str = "", timeout_s: float = 15.0) -> Question[Values]:
    """The one series of a query over a grid. None, or several, raise FactUnreadable, naming the query."""
    asked = range_query(query, grid, name=name, timeout_s=timeout_s)

    def fetch(connections: Connections) -> Values:
        found = asked.fetch(connections)
        if len(found) == 1:
            return found[0].values
        if not found:
            raise FactUnreadable(f"{query} gave no series", next_step=(
                "Was the metric renamed, or its rule or target lost? Compare the query in `metrics` of the environment "
                "file with Prometheus' own page; 40 Health shows its targets."))
        shown = ", ".join(_words(one.labels) for one in found[:3]) + (", …" if len(found) > 3 else "")
        raise FactUnreadable(
            head_of(f"{query} gave {len(found)} series where one is expected: {shown}", 400),
            next_step="Join them in `metrics` of the environment file, e.g. by sum(…) or max(…).")

    return Question(asked.name, fetch)


def parse_ranges(data: Any, grid: Grid, query: str) -> tuple[RangeSeries, ...]:
    """`data` of /api/v1/query_range. NaN and infinity are no values. Raises FactUnreadable.

    Source: Prometheus manual, HTTP API, Range queries.
    """
    try:
        if data["resultType"] != "matrix":
            raise ValueError(f"a {data['resultType']}; a matrix was asked for")
        return tuple(RangeSeries(dict(one["metric"]), _on_grid(one["values"], grid)) for one in data["result"])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise FactUnreadable(head_of(f"Prometheus's reply about {query} is of an unknown form: {error!r}", 300),
                             next_step=COMPARE) from error


def _on_grid(points: Any, grid: Grid) -> Values:
    values: list[float | None] = [None] * len(grid)
    begin, outside = grid.begin.timestamp(), 0
    for at, text in points:
        place = round((float(at) - begin) / grid.step_s)
        number = float(text)
        if 0 <= place < len(values):
            values[place] = number if math.isfinite(number) else None
        else:
            outside += 1
    if outside and outside == len(points):  # an answer about another time is not an answer to this question
        raise ValueError(f"all {outside} points are outside the span that was asked for")
    return Values(values)


def _words(labels: dict[str, str]) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items())) + "}"
