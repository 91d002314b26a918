"""The metrics of a window as small multiples: one time axis, what happened above it, thresholds and changes in each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from runbook_lib.observability.checks.metric_marks import ALERT, BACKUP, DEPLOYMENT, DRILL, Mark
from runbook_lib.observability.checks.metrics_review import MetricsReview, ReviewedMetric, amount
from runbook_lib.observability.facts.metric_history import BEFORE, NOW, WEEK_BEFORE
from runbook_lib.platform.drawing import (
    BLUE,
    CLEAR,
    INK,
    PURPLE,
    RED,
    WIDTH,
    described,
    empty_figure,
    in_house_style,
    time_axis,
    to_dates,
)
from runbook_lib.platform.facts.metric_ranges import Grid, Values

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_QUIET = "#5b6675"
_PANEL, _LANE = 1.05, 0.2  # inches high: a metric, and a line of the labels above
_MOST_BINS = 400  # of a line: more cannot be seen at this width
# lines differ by their dashes too: on paper and to every eye
_OTHERS: tuple[tuple[str, Any], ...] = (
    (PURPLE, (0, (5, 1.5))), (_QUIET, (0, (1.5, 1.2))), (INK, (0, (6, 1.5, 1, 1.5))))
_EARLIER = {BEFORE: ("#8a95a3", "solid"), WEEK_BEFORE: ("#8a95a3", (0, (1, 1.6)))}
# kind → the sign at its time, and its colour
_SIGNS = {DEPLOYMENT: ("v", BLUE), BACKUP: ("s", _QUIET), ALERT: ("D", RED), DRILL: ("P", PURPLE)}


@in_house_style
def small_multiples(review: MetricsReview, *, title: str = "Metrics") -> Figure:
    """Each metric over the window in UTC with threshold, changes and earlier windows; marks across all of them.

    Where there is no sample there is no line.
    """
    shown = [one for one in review.metrics if isinstance(one.main(), Values)]
    if not shown:
        return empty_figure(title, "No metric is known.")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lanes = _lanes(review)
    top = 0.25 + _LANE * (max(lanes.values(), default=0) + 1)
    figure = Figure(figsize=(WIDTH, top + _PANEL * len(shown) + 0.9), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(shown) + 1, 1, sharex=True, height_ratios=[top, *[_PANEL] * len(shown)])
    begins = _first_drawn(review)
    begin, end = to_dates([begins, review.grid.end])
    for panel, one in zip(axes[1:], shown, strict=True):
        _panel(panel, one, review)
        panel.set_xlim(begin, end)
    _draw_marks(axes[0], axes[1:], lanes, begin, end)
    axes[0].set_title(title, loc="left")
    time_axis(axes[-1], [begins, review.grid.end])
    earlier = [window for window in _EARLIER if any(_known(one, window) for one in shown)]
    words = {BEFORE: "thin grey: the window before", WEEK_BEFORE: "dotted grey: a week before"}
    # below the date, which stands at the end of the axis
    axes[-1].set_xlabel("   ".join(["time in UTC", *(words[one] for one in earlier), "▲▼ a change of level"]),
                        labelpad=15)
    return described(figure, _words(review, shown))


def _first_drawn(review: MetricsReview) -> datetime:
    """Where the axis begins: with the window, or shortly before the first sample that Prometheus has at all."""
    since, end = review.window.data_since, review.grid.end
    if since is None or not review.grid.begin < since < end:
        return review.grid.begin
    return max(review.grid.begin, since - (end - since) / 20)


def _known(one: ReviewedMetric, window: str) -> bool:
    values = one.main(window)
    return isinstance(values, Values) and bool(values.known)


def _panel(axes: Any, one: ReviewedMetric, review: MetricsReview) -> None:
    unit, lines = one.metric.unit, one.history.windows[NOW] if one.history else {}
    begins = _first_drawn(review)
    for window, (colour, dashes) in _EARLIER.items():
        values = one.main(window)
        if isinstance(values, Values):
            grid = review.window.grids[window]
            moved = grid.moved((review.grid.begin - grid.begin).total_seconds())
            axes.plot(*_thinned(values, moved, begins), color=colour, linewidth=0.8, linestyle=dashes, zorder=1.5)
    others = iter(_OTHERS * 3)
    ends: list[tuple[float, str, str]] = []
    highest = [0.0]
    for line, values in lines.items():
        colour, dashes = (BLUE, "solid") if line == one.metric.main else next(others)
        if not isinstance(values, Values) or not values.known:
            continue
        main = line == one.metric.main
        times, drawn = _thinned(values, review.grid, begins)
        # a point between two gaps has no line: it is shown as one
        axes.plot(times, drawn, color=colour, linestyle=dashes, linewidth=1.8 if main else 1.2, zorder=3 if main else 2,
                  marker=".", markersize=3 if main else 2, markevery=_alone(drawn))
        highest.append(max(values.known))
        ends.append((values.known[-1], _last_words(values, line if len(lines) > 1 else "", unit), colour))
    _frame(axes, one, max(highest), ends)
    for change in one.changes:
        _draw_change(axes, change.shift.at, change.shift.before, change.shift.after)


def _last_words(values: Values, line: str, unit: str) -> str:
    """The last value; where nothing follows it, it is called that, and not the value of now."""
    follows = any(value is not None for value in values[-max(2, len(values) // 20):])
    when = line if follows and line else "now" if follows else f"{line} last".strip()
    return f"{when} {amount(values.known[-1], unit)}"


def _frame(axes: Any, one: ReviewedMetric, highest: float, ends: list[tuple[float, str, str]]) -> None:
    """Threshold, height, name and the last value of each line, next to it."""
    top = highest * 1.25 or 1.0
    if one.limit is not None and (highest > 0.3 * one.limit or not highest):
        top = max(top, one.limit * 1.2)
        axes.axhline(one.limit, color=RED, linewidth=1.3, linestyle=(0, (6, 2)), zorder=2.5)
        axes.annotate(f"threshold {amount(one.limit, one.metric.unit)}", (0.004, one.limit), color=RED, fontsize=7.5,
                      xycoords=("axes fraction", "data"), xytext=(0, 2), textcoords="offset points", bbox=CLEAR,
                      zorder=2.6)
    elif one.limit is not None:
        # far above: a chart up to there would hide what is to be seen
        axes.text(0.996, 0.9, f"threshold {amount(one.limit, one.metric.unit)}, far above", color=RED, fontsize=7.5,
                  transform=axes.transAxes, ha="right", va="top", bbox=CLEAR, zorder=2.6)
        top *= 1.2  # below these words
    axes.set_ylim(0, top)
    axes.set_title(f"{one.metric.title}, {one.metric.unit}" if one.metric.unit else one.metric.title, fontsize=9, pad=3)
    axes.tick_params(labelsize=7.5)
    axes.locator_params(axis="y", nbins=3)
    least, place = 0.17 * top, -math.inf
    for value, words, colour in sorted(ends):
        place = max(value, place + least)
        axes.annotate(words, (1.008, place), xycoords=("axes fraction", "data"), color=colour, fontsize=7.5,
                      va="center", annotation_clip=False)


def _draw_change(axes: Any, at: Any, before: float, after: float) -> None:
    (when,) = to_dates([at])
    axes.plot([when, when], [before, after], color=INK, linewidth=1.2, zorder=4)
    axes.plot([when], [after], color=INK, marker="^" if after > before else "v", markersize=6, zorder=4)


def _draw_marks(strip: Any, panels: Sequence[Any], lanes: dict[Mark, int], begin: float, end: float) -> None:
    strip.set_axis_off()
    lowest = max(lanes.values(), default=0)
    strip.set_ylim(-lowest - 1.2, 0.6)
    for mark, lane in lanes.items():
        sign, colour = _SIGNS[mark.kind]
        first, last = (min(max(one, begin), end) for one in to_dates([mark.at, mark.end]))
        strip.plot([first], [-lane], marker=sign, color=colour, markersize=5, clip_on=False)
        if last > first:
            strip.plot([first, last], [-lane, -lane], color=colour, linewidth=2, solid_capstyle="butt")
        right = first > begin + 0.8 * (end - begin)
        strip.annotate(mark.label, (first, -lane), xytext=(-6 if right else 6, 0), textcoords="offset points",
                       fontsize=8, ha="right" if right else "left", va="center", color=colour,
                       bbox=CLEAR if last > first else None)
        for panel in panels:
            if mark.kind in (ALERT, DRILL):
                panel.axvspan(first, max(last, first + (end - begin) / 800), color=colour, alpha=0.07, linewidth=0)
            else:
                panel.axvline(first, color=colour, linewidth=1.1 if mark.kind == DEPLOYMENT else 0.8,
                              linestyle=(0, (4, 2)) if mark.kind == DEPLOYMENT else (0, (1, 2)), zorder=1.2)


def _lanes(review: MetricsReview) -> dict[Mark, int]:
    """Each mark's line above the panels, so that no label lies on another."""
    whole = (review.grid.end - review.grid.begin).total_seconds() or 1.0
    taken: list[float] = []  # up to which share of the width a line is filled
    lanes: dict[Mark, int] = {}
    for mark in review.marks:
        at = min(max((mark.at - review.grid.begin).total_seconds() / whole, 0.0), 1.0)
        end = min(max((mark.end - review.grid.begin).total_seconds() / whole, 0.0), 1.0)
        length = 0.02 + 0.0115 * len(mark.label)
        left, right = (at - length, end) if at > 0.8 else (at, max(end, at + length))
        lane = next((number for number, filled in enumerate(taken) if filled <= left), len(taken))
        taken[lane:lane + 1] = [right]
        lanes[mark] = lane
    return lanes


def _thinned(values: Values, grid: Grid, begins: datetime) -> tuple[list[float], list[float]]:
    """Times and values with at most a few hundred points: lowest and highest of each group, so that no peak is lost.

    The groups are those of the axis, which begins at `begins`: of a whole window, most of which has no data, a few
    would be left, and the line would end before its last value.
    """
    place = max(0, min(len(values) - 1, int((begins - grid.begin).total_seconds()) // grid.step_s))
    width = math.ceil((len(values) - place) / _MOST_BINS)
    times: list[float] = []
    drawn: list[float] = []
    for first in range(place, len(values), width):
        group = [(place, value) for place in range(first, min(first + width, len(values)))
                 if (value := values[place]) is not None]
        kept = sorted({min(group, key=lambda one: one[1]), max(group, key=lambda one: one[1])}) if group else []
        times += to_dates([grid.at(place) for place, _ in kept]) or to_dates([grid.at(first)])
        drawn += [value for _, value in kept] or [math.nan]
    return times, drawn


def _alone(drawn: list[float]) -> list[int]:
    padded = [math.nan, *drawn, math.nan]
    return [place for place, value in enumerate(drawn)
            if not math.isnan(value) and math.isnan(padded[place]) and math.isnan(padded[place + 2])]


def _words(review: MetricsReview, shown: list[ReviewedMetric]) -> str:
    parts = [f"{row['metric']}: {row['lowest']} to {row['highest']}, median {row['median now']}"
             for row in (one.row for one in shown)]
    return ". ".join(["; ".join(parts), *(one.words for one in review.changes), *(
        f"{one.name} at {one.at:%Y-%m-%d %H:%M} UTC" for one in review.marks)]) + "."
