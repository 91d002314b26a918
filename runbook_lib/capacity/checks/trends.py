"""How fast something grows, how sure that is, and when it reaches a limit: robust slope and block bootstrap. Pure.

The slope is the median of the slopes between all pairs of days (Theil-Sen): a few wild days do not move it. Its range
comes from series made of the same line and of blocks of the deviations from it, whose memory is kept: days that
resemble their neighbours prove less than as many independent ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runbook_lib.capacity.checks.breaks import after_departure, after_jump
from runbook_lib.capacity.checks.robust_lines import WEEK, lines, noise, thinned

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, numpy.dtype[numpy.float64]]

SEED = 61  # the same history has to give the same answer, so that two reports can be compared
RESAMPLED, RESAMPLED_TO_TEST = 400, 100  # a spread needs fewer than percentiles do
RANGE = (5.0, 95.0)  # percentiles: nine times in ten the truth is within
CERTAIN = 2.576  # standard deviations from zero: by chance one series in a hundred has as much of a trend
LEAST_POINTS = 12
LARGEST = 1e100  # no resource has so much of anything, and its square is a number still
MOST_MEMORY = 0.95
WIDER, WIDER_WHEN_SHORT = 1.1, 4.0  # what the percentiles of a resampled slope lack, measured on series of known truth


@dataclass(frozen=True)
class Trend:
    """A line through days: `slope` a day and `level` on the last day, each with the values of the resampled lines.

    `first` and `last` are days of the part that it was drawn through; `jumped` says that what lies before is at another
    level, `changed` that it grew at another rate, and both are left out.
    """

    slope: float
    level: float
    slopes: tuple[float, ...]
    levels: tuple[float, ...]
    first: float
    last: float
    jumped: bool = False
    changed: bool = False

    @property
    def is_certain(self) -> bool:
        """Whether it grows or falls at all, beyond what chance does in one flat series of a hundred."""
        return abs(self.slope) > CERTAIN * _spread(self.slopes)

    @property
    def slope_range(self) -> tuple[float, float]:
        """The range of the slope, nine times in ten."""
        return _percentiles(self.slopes)

    def values_at(self, day: float) -> list[float]:
        """The resampled lines on a day."""
        return [level + slope * (day - self.last) for slope, level in zip(self.slopes, self.levels, strict=True)]

    def at(self, day: float) -> tuple[float, float, float]:
        """The line on a day, and its range."""
        low, high = _percentiles(self.values_at(day))
        return self.level + self.slope * (day - self.last), low, high

    def days_until(self, limit: float) -> tuple[float, float, float]:
        """Days from the last day until the line reaches `limit`: best guess, earliest, latest; infinity for never."""
        low, high = _percentiles([_crossing(slope, level, limit)
                                  for slope, level in zip(self.slopes, self.levels, strict=True)])
        return _crossing(self.slope, self.level, limit), low, high


@dataclass(frozen=True)
class BackTest:
    """The last third of the days, predicted from the first two: what was expected there, and what was."""

    predicted: float
    low: float
    high: float
    actual: float
    held: bool


@dataclass(frozen=True)
class Growth:
    """What a history says: the trend and its back-test, or `refusal`, which is why there is neither."""

    trend: Trend | None
    back_test: BackTest | None
    refusal: str = ""


def growth(days: Sequence[float], values: Sequence[float], minimum_days: int) -> Growth:
    """The growth of a daily series. Days are numbers, one a value, ascending; gaps are days that are left out."""
    import numpy

    if not days or days[-1] - days[0] + 1 < minimum_days or len(days) < max(LEAST_POINTS, minimum_days / 2):
        return Growth(None, None, f"{len(days)} days of history, at least {minimum_days} are needed")
    if not max(map(abs, values)) <= LARGEST:
        return Growth(None, None, f"its use is given as {max(values, key=abs):.3g}: that cannot be an amount")
    x, y = numpy.asarray(days, dtype=float), numpy.asarray(values, dtype=float)
    x, y, jumped = after_jump(x, y)
    x, y, left = after_departure(x, y)
    jumped = jumped or left
    if x[-1] - x[0] + 1 < minimum_days or len(x) < LEAST_POINTS:
        return Growth(None, None, f"it left its course {x[-1] - x[0] + 1:.0f} days ago; at least {minimum_days} "
                      "days of it are needed")
    fitted = _fit(x, y, jumped=jumped)
    test = _back_test(x, y)
    if test is None or test.held:
        return Growth(fitted, test)
    recent = x > x[-1] - (x[-1] - x[0]) / 3
    if (x[-1] - x[0]) / 3 + 1 < minimum_days or recent.sum() < LEAST_POINTS:
        return Growth(None, test, "the last third of the days is not as the first two made expect, and too short for a "
                      "forecast of its own")
    return Growth(_fit(x[recent], y[recent], jumped=jumped, changed=True), test)


def _fit(x: Array, y: Array, *, jumped: bool = False, changed: bool = False, resampled: int = RESAMPLED) -> Trend:
    import numpy

    first, last = float(x[0]), float(x[-1])
    x, y = thinned(x, y)
    from_last = x - last
    slope, level = lines(from_last, y[None, :])
    y, used = _without_weekdays(x, y - level[0] - slope[0] * from_last)
    y = y + level[0] + slope[0] * from_last
    slope, level = lines(from_last, y[None, :])
    rest = y - level[0] - slope[0] * from_last
    made = _resampled(rest, used, resampled)
    slopes, levels = lines(from_last, level[0] + slope[0] * from_last + made)
    return Trend(float(slope[0]), float(level[0]), tuple(numpy.asarray(slopes).tolist()),
                 tuple(numpy.asarray(levels).tolist()), first, last, jumped, changed)


def _without_weekdays(x: Array, rest: Array) -> tuple[Array, int]:
    """Deviations without what each day of the week has in common, and how many figures the line has used up."""
    import numpy

    if len(x) < 4 * WEEK or numpy.diff(x).min() >= WEEK / 2:
        return rest, 2
    weekdays = (numpy.floor(x) % WEEK).astype(int)
    groups = (rest[weekdays == day] for day in range(WEEK))
    common = numpy.array([numpy.median(group) if len(group) else 0.0 for group in groups])
    return rest - common[weekdays] + numpy.median(common), 2 + WEEK - 1


def _resampled(rest: Array, used: int, rows: int) -> Array:
    """So many series like the deviations: blocks of what is new each day, through the same memory."""
    import numpy

    count, chance = len(rest), numpy.random.default_rng(SEED)
    clipped = numpy.clip(rest, -3 * noise(rest), 3 * noise(rest))
    alike = float(clipped[1:] @ clipped[:-1] / (clipped @ clipped)) if clipped.any() else 0.0
    # a line through few points makes its deviations look less alike than they are
    memory = min(max(alike + (2 + 4 * max(alike, 0.0)) / count, 0.0), MOST_MEMORY)
    new = rest[1:] - memory * rest[:-1]
    new = new - new.mean()
    length = count + min(60, math.ceil(5 / (1 - memory)))  # the beginning is forgotten before it counts
    block = max(1, round(len(new) ** (1 / 3)))
    starts = chance.integers(0, len(new), (rows, math.ceil(length / block)))
    made = new[((starts[:, :, None] + numpy.arange(block)) % len(new)).reshape(rows, -1)[:, :length]]
    for place in range(1, length):
        made[:, place] += memory * made[:, place - 1]
    scale = (WIDER + WIDER_WHEN_SHORT / count) * math.sqrt(count / max(1, count - used))
    scaled: Array = made[:, -count:] * scale
    return scaled


def _back_test(x: Array, y: Array) -> BackTest | None:
    """None where one of the parts has too few days for a line."""
    import numpy

    early = x <= x[-1] - (x[-1] - x[0]) / 3
    if min(early.sum(), (~early).sum()) < LEAST_POINTS / 2 or early.sum() < LEAST_POINTS:
        return None
    middle = float(numpy.median(x[~early]))
    line, there = (_fit(x[part], y[part], resampled=RESAMPLED_TO_TEST) for part in (early, ~early))
    (predicted, low, high), (actual, _, _) = line.at(middle), there.at(middle)
    # what was there has its own chance too
    allowed = CERTAIN * math.hypot(*(_spread(one.values_at(middle)) for one in (line, there)))
    return BackTest(predicted, low, high, actual, abs(actual - predicted) <= allowed)


def _crossing(slope: float, level: float, limit: float) -> float:
    if level >= limit:
        return 0.0
    return (limit - level) / slope if slope > 0 else math.inf


def _spread(values: Sequence[float]) -> float:
    import numpy

    return float(numpy.std(numpy.asarray(values)))


def _percentiles(values: Sequence[float]) -> tuple[float, float]:
    """The range, by nearest rank: between a number and infinity nothing can be interpolated."""
    ordered = sorted(values)
    low, high = (ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))] for share in RANGE)
    return low, high
