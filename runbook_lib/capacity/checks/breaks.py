"""Where a history stops being one: a jump to another level, and days that have left the line for good. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from runbook_lib.capacity.checks.robust_lines import lines, noise, thinned

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, numpy.dtype[numpy.float64]]

JUMP = 0.8  # two levels fit so much better than a line: it jumped, and does not grow
AWAY = 5.0  # times the noise: so far from the line no day is by chance, and four in a row are not a wild day
LEAST_DAYS_AWAY = 4


def after_jump(x: Array, y: Array) -> tuple[Array, Array, bool]:
    """The part after a jump to another level, where that explains the series much better than a line does."""
    import numpy

    thin_x, thin_y = thinned(x, y)
    slope, level = lines(thin_x, thin_y[None, :])
    from_line = float(numpy.abs(thin_y - level[0] - slope[0] * thin_x).sum())
    least, best = 3, (math.inf, 0)
    for place in range(least, len(thin_x) - least):
        left, right = thin_y[:place], thin_y[place:]
        misfit = float(numpy.abs(left - numpy.median(left)).sum() + numpy.abs(right - numpy.median(right)).sum())
        best = min(best, (misfit, place))
    misfit, place = best
    if place == 0 or misfit >= JUMP * from_line:
        return x, y, False
    since = x > (thin_x[place - 1] + thin_x[place]) / 2
    return x[since], y[since], True


def after_departure(x: Array, y: Array) -> tuple[Array, Array, bool]:
    """The last days where they all are far from the line, on one side: they have left it, and only they count."""
    import numpy

    thin_x, thin_y = thinned(x, y)
    slope, level = lines(thin_x, thin_y[None, :])
    rest = y - level[0] - slope[0] * x
    # the noise of what is on the line: the days that have left it would widen it
    far = numpy.abs(rest) > AWAY * noise(rest)
    away = far & (numpy.sign(rest) == numpy.sign(rest[-1]))
    kept = numpy.flatnonzero(~away)
    first = int(kept[-1]) + 1 if len(kept) else 0
    if first == 0 or len(x) - first < LEAST_DAYS_AWAY:
        return x, y, False
    return x[first:], y[first:], True
