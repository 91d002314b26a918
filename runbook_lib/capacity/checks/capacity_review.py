"""The history of each resource put together: its days, its use now, its growth, and when it reaches its limit. Pure."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from runbook_lib.capacity.checks.trends import Growth, growth
from runbook_lib.capacity.facts.usage_history import HistoryWindow
from runbook_lib.capacity.facts.usage_now import UsageNow
from runbook_lib.core.text import readable_number, unit_for
from runbook_lib.core.times import from_timestamp
from runbook_lib.environment import Environment
from runbook_lib.environment.capacity import Resource, limit_of, why_absent
from runbook_lib.observability.facts.alert_drills import DRILL_REST
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.metric_ranges import Grid, Values

DAY_S = 86_400
NOTHING_GROWN = Growth(None, None)
NOTHING = 0.005  # less of any unit is shown as 0
FALLEN = 0.9  # of the limit: noise alone does not take a line at its limit so far below
FAR_DAYS = 3_650  # later than that no server is the same
_SIZES = (("TB", 1024**4), ("GB", 1024**3), ("MB", 1024**2), ("kB", 1024))


@dataclass(frozen=True)
class Forecast:
    """Days from now until a limit is reached: best guess, earliest and latest; infinity for never."""

    best: float
    earliest: float
    latest: float

    @property
    def words(self) -> str:
        """`in 43 days (30 to 71)`; what lies beyond ten years is called so."""
        if self.best == 0:
            return "reached"
        far = "more than 10 years"
        best = f"in {self.best:.0f} days" if self.best < FAR_DAYS else f"in {far}"
        latest = f"{self.latest:.0f}" if self.latest < FAR_DAYS else far
        return f"{best} ({self.earliest:.0f} to {latest})" if self.earliest < FAR_DAYS else best


@dataclass(frozen=True)
class ReviewedResource:
    """One resource. `days` (since 1970) and `peaks` are its highest use of each day, `latest` of the last 24 hours.

    `lacking` is why it is not known; then there are no days.
    """

    name: str
    resource: Resource
    limit: float | None
    days: tuple[float, ...] = ()
    peaks: tuple[float, ...] = ()
    latest: float | None = None
    grown: Growth = NOTHING_GROWN
    lacking: Unanswered | None = None

    @property
    def share(self) -> float | None:
        """Percent of the limit that the last 24 hours used at most; None where one of both is not known."""
        return None if self.latest is None or not self.limit else 100 * self.latest / self.limit

    def shown(self, value: float | None) -> str:
        """An amount of this resource in words."""
        return amount(value, self.resource.unit)

    @property
    def has_fallen(self) -> bool:
        """Whether its line is beyond the limit and its use far below: emptied, or of another host, since a few days.

        Fewer days than a new line needs; the old one would call a limit reached of which a quarter is used.
        """
        trend, limit = self.grown.trend, self.limit
        known = trend is not None and limit is not None and self.latest is not None
        return known and trend.level >= limit and self.latest < FALLEN * limit  # type: ignore[union-attr, operator]

    def forecast(self, now: datetime) -> Forecast | None:
        """When it reaches its limit; None where it has none, is not known, has no certain growth, or left its line."""
        trend = self.grown.trend
        if self.limit is None or trend is None or not trend.is_certain or trend.slope <= 0 or self.has_fallen:
            return None
        passed = now.timestamp() / DAY_S - trend.last
        return Forecast(*(max(0.0, one - passed) for one in trend.days_until(self.limit)))

    @property
    def growth_words(self) -> str:
        """How fast it grows in 30 days, with its range; or why that is not said."""
        trend = self.grown.trend
        if self.lacking or trend is None:
            return self.grown.refusal or "not known"
        low, high = (self.shown(30 * one) for one in trend.slope_range)
        if low.partition(" ")[2] == high.partition(" ")[2]:  # of bytes the units may differ
            low = low.partition(" ")[0]
        parts = [f"{'+' if trend.slope > 0 else ''}{self.shown(30 * trend.slope)} in 30 days ({low} to {high})"
                 if trend.is_certain else f"no trend ({low} to {high} in 30 days)"]
        since = from_timestamp(trend.first * DAY_S)
        parts += ["its last days have left that line, far below"] if self.has_fallen else []
        parts += [f"on another level since {since:%Y-%m-%d}"] if trend.jumped else []
        parts += [f"at another rate since {since:%Y-%m-%d}"] if trend.changed else []
        return "; ".join(parts)

    @property
    def back_test_words(self) -> str:
        """What the first two thirds of the days made expect of the last, and what was."""
        test = self.grown.back_test
        if test is None:
            return "–"
        return (f"{self.shown(test.predicted)} ({self.shown(test.low)} to {self.shown(test.high)}) expected, "
                f"{self.shown(test.actual)} was: {'held' if test.held else 'missed'}")


@dataclass(frozen=True)
class CapacityReview:
    """All resources at the end of the window, and what the server says of containers, folders and images."""

    window: HistoryWindow
    resources: tuple[ReviewedResource, ...]
    usage: UsageNow | Unanswered

    @property
    def now(self) -> datetime:
        """The end of the window, in UTC."""
        return self.window.grid.end

    @property
    def table(self) -> list[dict[str, str]]:
        """One row a resource."""
        rows = []
        for one in self.resources:
            ahead = one.forecast(self.now)
            rows.append({
                "resource": one.resource.title, "last 24 h": one.shown(one.latest), "limit": one.shown(one.limit),
                "used": f"{one.share:.0f} %" if one.share is not None else "–", "growth": one.growth_words,
                "limit reached": f"{ahead.words}, {date_of(self.now, ahead.best)}" if ahead else "–",
                "back-test": one.back_test_words})
        return rows

    def csv(self) -> str:
        """The highest use of each day as CSV: the day in UTC, then a column a resource; empty where it is not known."""
        known = {one.name: dict(zip(one.days, one.peaks, strict=True)) for one in self.resources}
        out = io.StringIO()
        write = csv.writer(out, lineterminator="\n")
        write.writerow(["day (UTC)", *(f"{one.name} [{one.resource.unit}]" for one in self.resources)])
        for day in sorted({day for values in known.values() for day in values}):
            values = (known[one.name].get(day) for one in self.resources)
            write.writerow([f"{from_timestamp(day * DAY_S):%Y-%m-%d}",
                            *("" if one is None else f"{one:.8g}" for one in values)])
        return out.getvalue()


def review_capacity(environment: Environment, window: HistoryWindow, answers: Sequence[Any]) -> CapacityReview:
    """The answers to `usage_questions`, put together; the hours of alert drills are left out."""
    *histories, usage = answers
    found = {one.name: without_drills(one.values, window) for one in histories}
    return CapacityReview(window, tuple(
        _reviewed(name, resource, environment, window.grid, found.get(name, Unanswered(name, "it was not asked for")))
        for name, resource in environment.capacity.resources.items()
        if not why_absent(resource, environment.absent_services)), usage)


def _reviewed(name: str, resource: Resource, environment: Environment, grid: Grid,
              values: Values | Unanswered) -> ReviewedResource:
    limit = limit_of(environment, resource)
    if isinstance(values, Unanswered):
        return ReviewedResource(name, resource, limit, lacking=values)
    a_day = max(1, DAY_S // grid.step_s)
    newest = [one for one in values[-a_day:] if one is not None]
    if not newest:
        last = max((place for place, one in enumerate(values) if one is not None), default=None)
        words = "no sample" if last is None else f"the last sample is of {grid.at(last):%Y-%m-%d %H:%M} UTC"
        return ReviewedResource(name, resource, limit, lacking=Unanswered(
            name, f"{words}: {resource.query}",
            "Its target or rule is gone, the metric was renamed, or a new server has none yet: 40 Health shows the "
            "targets."))
    days, peaks = daily_peaks(values, grid)
    return ReviewedResource(name, resource, limit, days, peaks, max(newest),
                            growth(days, peaks, environment.capacity.minimum_days))


def without_drills(values: Values | Unanswered, window: HistoryWindow) -> Values | Unanswered:
    """The same without the points that an alert drill is part of: what it used was used to provoke alerts.

    A point is the highest use since the previous one. Where nothing else is known, that is the reason.
    """
    if isinstance(values, Unanswered) or isinstance(window.drills, Unanswered) or not window.drills:
        return values
    grid, drills = window.grid, window.drills
    back = timedelta(seconds=grid.step_s)
    provoked = [any(one.begin <= at + DRILL_REST and one.end >= at - back - DRILL_REST for one in drills)
                for at in grid]
    kept = Values([None if left_out else value for left_out, value in zip(provoked, values, strict=True)])
    if values.known and not kept.known:
        last = drills[-1]
        return Unanswered("use", f"measured during an alert drill only, which ended {last.end:%Y-%m-%d %H:%M} UTC",
                          f"Run this review again after {last.end + back + 2 * DRILL_REST:%H:%M} UTC.")
    return kept


def daily_peaks(values: Values, grid: Grid) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Days since 1970 (UTC, each at its noon) and the highest value of each; days that are not half there are left out.

    The highest of a few hours is lower than that of a day: a first or last day in part would look like growth.
    """
    least = max(1, DAY_S // grid.step_s // 2)
    found: dict[int, list[float]] = {}
    for place, value in enumerate(values):
        if value is not None:
            found.setdefault(int(grid.at(place).timestamp() // DAY_S), []).append(value)
    kept = {day: max(ones) for day, ones in sorted(found.items()) if len(ones) >= least}
    return tuple(day + 0.5 for day in kept), tuple(kept.values())


def amount(value: float | None, unit: str) -> str:
    """A value with its unit: `84 %`, `1.2 GB`, `-3.1 MB`; a dash where it is not known."""
    if value is None:
        return "–"
    if unit == "bytes":
        name, size = next(((name, size) for name, size in _SIZES if abs(value) >= size), ("bytes", 1))
        value, unit = value / size, name
    if abs(value) < NOTHING:  # -0.0 of a flat line would read as if it fell
        value = 0.0
    number = readable_number(value, 2 if abs(value) < 10 else 3)
    return f"{number} {unit_for(number, unit)}".rstrip()


def date_of(now: datetime, days: float) -> str:
    """The date so many days from now, for people; empty for what lies beyond ten years."""
    if not math.isfinite(days) or days >= FAR_DAYS:
        return "no date"
    return f"{(now + timedelta(days=days)).astimezone(UTC):%Y-%m-%d}"
