"""The robust line through days, and what both the trend and the search for breaks need of it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, numpy.dtype[numpy.float64]]

MOST_DAILY, WEEK = 100, 7  # more days than that are taken as weeks: pairs grow with the square
MAD = 1.4826  # of a normal distribution: standard deviation over the median absolute deviation


def lines(x: Array, rows: Array) -> tuple[Array, Array]:
    """Slope, and value at zero, of the robust line through each row."""
    import numpy

    one, other = numpy.triu_indices(len(x), 1)
    slopes = numpy.median((rows[:, other] - rows[:, one]) / (x[other] - x[one]), axis=1)
    return slopes, numpy.median(rows - slopes[:, None] * x, axis=1)


def thinned(x: Array, y: Array) -> tuple[Array, Array]:
    """Weeks instead of days where there are many: the median of each week with half of the usual days at least.

    The usual number is that of the middle week, so that of a server that only runs on some days weeks are left.
    """
    import numpy

    if len(x) <= MOST_DAILY:
        return x, y
    weeks = numpy.floor((x - x[-1]) / WEEK - 1e-9)
    found, days = numpy.unique(weeks, return_counts=True)
    kept = found[days >= numpy.median(days) / 2]
    return (numpy.array([x[weeks == week].mean() for week in kept]),
            numpy.array([numpy.median(y[weeks == week]) for week in kept]))


def noise(rest: Array) -> float:
    """How far deviations are from zero, as a standard deviation that a few wild ones do not move."""
    import numpy

    return MAD * float(numpy.median(numpy.abs(rest))) or float(numpy.std(rest))
