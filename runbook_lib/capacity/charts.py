"""Each resource as a picture: its days, its limit, the trend with its range, and the date on which it is reached."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from runbook_lib.capacity.checks.capacity_review import DAY_S, CapacityReview, Forecast, ReviewedResource, date_of
from runbook_lib.capacity.load_charts import load_over_time, load_trend
from runbook_lib.capacity.tuning_charts import planned_against_in_force, slowest_statements
from runbook_lib.core.times import from_timestamp
from runbook_lib.platform.drawing import (
    BLUE,
    CLEAR,
    INK,
    ORANGE,
    RED,
    WIDTH,
    described,
    empty_figure,
    in_house_style,
    time_axis,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["growth_and_limits", "load_over_time", "load_trend", "planned_against_in_force", "slowest_statements"]
_QUIET, _PANEL = "#5b6675", 1.55  # inches high, a resource
_AHEAD = 0.35  # of the history's length that is drawn into the future, and at least what is planned for
_LEAST_DAYS, _MOST_AHEAD = 7.0, 365.0
_SIZES = (("TB", 1024.0**4), ("GB", 1024.0**3), ("MB", 1024.0**2), ("kB", 1024.0))


@in_house_style
def growth_and_limits(review: CapacityReview, *, plan_within_days: int = 90,
                      title: str = "Use, growth and limits") -> Figure:
    """Every resource that is known over its history and as far ahead as is planned, in UTC, with limit and range."""
    shown = [one for one in review.resources if one.days]
    if not shown:
        return empty_figure(title, "No resource has a whole day of history." if review.resources
                            else "The environment file names no resource.")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    now = review.now.timestamp() / DAY_S
    begin = min(min(one.days[0] for one in shown), now - _LEAST_DAYS)
    ahead = min(max(_AHEAD * (now - begin), float(plan_within_days) if now - begin > 14 else 0.0), _MOST_AHEAD)
    figure = Figure(figsize=(WIDTH, _PANEL * len(shown) + 0.9), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
    for axes, one in zip(panels, shown, strict=True):
        _panel(axes, one, review, now, now + ahead)
        axes.set_xlim(begin, now + ahead)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11.5, fontweight="bold")
    time_axis(panels[-1], [from_timestamp(begin * DAY_S), review.now + timedelta(days=ahead)])
    panels[-1].set_xlabel("days in UTC   dots: highest use of a day   line and band: trend, nine times in ten")
    return described(figure, _words(review, shown))


def _panel(axes: Any, one: ReviewedResource, review: CapacityReview, now: float, end: float) -> None:
    size, unit = _scale(one)
    axes.plot(one.days, [value / size for value in one.peaks], linestyle="none", marker=".", markersize=3.5, color=BLUE,
              zorder=2)
    axes.axvline(now, color=_QUIET, linewidth=0.9, linestyle=(0, (2, 2)), zorder=1)
    highest = _trend(axes, one, end, size)
    top = max([*one.peaks, highest]) / size
    if one.limit is not None and one.limit / size < 3.5 * top:
        top = max(top, one.limit / size)
        axes.axhline(one.limit / size, color=RED, linewidth=1.3, linestyle=(0, (6, 2)), zorder=2.5)
        axes.annotate(f"limit {one.shown(one.limit)}", (0.004, one.limit / size), xycoords=("axes fraction", "data"),
                      xytext=(0, -2), textcoords="offset points", va="top", color=RED, fontsize=7.5, bbox=CLEAR)
    elif one.limit is not None:
        # far above: a chart up to there would hide what is to be seen
        axes.text(0.004, 0.95, f"limit {one.shown(one.limit)}, far above", color=RED, fontsize=7.5, va="top",
                  transform=axes.transAxes, bbox=CLEAR)
    axes.set_ylim(0, top * 1.22 or 1.0)
    axes.set_title(f"{one.resource.title}, {unit}", fontsize=9, pad=3)
    axes.tick_params(labelsize=7.5)
    axes.locator_params(axis="y", nbins=4)
    ahead = one.forecast(review.now)
    _date(axes, one, ahead, now, end, size)
    outlook = _outlook(one, ahead, review)
    axes.text(0.996, 1.03, outlook, transform=axes.transAxes, ha="right", va="bottom", fontsize=7.5,
              color=RED if ahead and ahead.best < 90 else INK)


def _trend(axes: Any, one: ReviewedResource, end: float, size: float) -> float:
    """The line with its band, from its first day to the right edge; returns how high it goes, within reason."""
    trend = one.grown.trend
    if trend is None:
        return 0.0
    days = [trend.first + (end - trend.first) * step / 40 for step in range(41)]
    lines = [trend.at(day) for day in days]
    colour = ORANGE if trend.is_certain else _QUIET
    axes.fill_between(days, [low / size for _, low, _ in lines], [high / size for _, _, high in lines], color=colour,
                      alpha=0.22, linewidth=0, zorder=1.5)
    axes.plot(days, [best / size for best, _, _ in lines], color=colour, linewidth=1.6,
              linestyle="solid" if trend.is_certain else (0, (4, 3)), zorder=3)
    return min(max(high for _, _, high in lines), 1.6 * max(max(one.peaks), one.limit or 0.0))


def _date(axes: Any, one: ReviewedResource, ahead: Forecast | None, now: float, end: float, size: float) -> None:
    """The point at which the line meets the limit, with its range as a bar, where that is within the picture."""
    if ahead is None or one.limit is None or now + ahead.best > end:
        return
    height, at = one.limit / size, now + ahead.best
    axes.plot([now + ahead.earliest, min(now + ahead.latest, end)], [height, height], color=INK, linewidth=3.2,
              alpha=0.85, solid_capstyle="butt", zorder=4)
    axes.plot([at], [height], marker="D", color=INK, markersize=6, markeredgecolor="white", zorder=5)


def _outlook(one: ReviewedResource, ahead: Forecast | None, review: CapacityReview) -> str:
    if ahead is not None and ahead.best == 0:
        return f"limit reached; now {one.shown(one.latest)}"
    if ahead is not None and math.isfinite(ahead.best):
        return f"now {one.shown(one.latest)}; limit {ahead.words}: {date_of(review.now, ahead.best)}"
    trend = one.grown.trend
    if trend is None:
        return f"now {one.shown(one.latest)}; no forecast: {one.grown.refusal}"[:110]
    if not trend.is_certain:
        return f"now {one.shown(one.latest)}; no trend"
    return f"now {one.shown(one.latest)}; {'+' if trend.slope > 0 else ''}{one.shown(30 * trend.slope)} in 30 days"


def _scale(one: ReviewedResource) -> tuple[float, str]:
    """What values are divided by, and the unit of the axis."""
    if one.resource.unit != "bytes":
        return 1.0, one.resource.unit
    highest = max(one.peaks)
    name, size = next(((name, size) for name, size in _SIZES if highest >= size), ("bytes", 1.0))
    return size, name


def _words(review: CapacityReview, shown: list[ReviewedResource]) -> str:
    return ". ".join(f"{one.resource.title}: {_outlook(one, one.forecast(review.now), review)}" for one in shown) + "."
