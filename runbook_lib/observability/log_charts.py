"""Logs as figures: what was answered over time, and how long the slowest routes take."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from runbook_lib.observability.facts.log_masking import NOT_FOUND, OTHERS
from runbook_lib.observability.facts.log_results import LogReview
from runbook_lib.platform.drawing import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    RED,
    described,
    empty_figure,
    in_house_style,
    new_figure,
    tag,
    time_axis,
    to_dates,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# class → words, colour, hatch: on paper and to every eye a failure differs by more than its colour
_CLASSES = {2: ("2xx", "#b9cfe8", ""), 3: ("3xx", GREY, ""), 4: ("4xx", ORANGE, "//"), 5: ("5xx", RED, "xx")}
_ROUTES = 10


@in_house_style
def statuses_over_time(review: LogReview, *, title: str = "Requests by status, and those that failed") -> Figure:
    """Above all requests by the class of their status, below 5xx alone, in the same bins; the deployment is a line."""
    if not review.requests:
        return empty_figure(title, "No request could be read in the window.")
    figure, axes = new_figure(3.9)
    figure.clear()
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    _bars(above, review, (2, 3, 4, 5))
    _bars(below, review, (5,))
    above.set_title(title)
    above.set_ylabel("requests")
    below.set_ylabel("5xx")
    above.legend(loc="upper left", ncols=4, bbox_to_anchor=(0, 1.02), borderaxespad=0)
    time_axis(below, [one.at for one in review.statuses])
    for one in (above, below):
        one.yaxis.get_major_locator().set_params(integer=True)
        one.set_xlim(*to_dates((review.since, review.until)))
        # space for the legend above the highest bar
        one.set_ylim(0, max(1, one.get_ylim()[1]) * (1.2 if one is above else 1.0))
    if not review.errors:
        below.set_yticks([0])
    if review.deployed_at is not None:
        _deployment(above, below, review)
    del axes
    return described(figure, f"{review.requests:,} requests, {review.errors:,} of them answered with 5xx, from "
                     f"{review.since:%Y-%m-%d %H:%M} to {review.until:%Y-%m-%d %H:%M} UTC.")


@in_house_style
def slowest_routes(review: LogReview, limit_ms: int, fewest: int = 1, *,
                   title: str = "Response times of the slowest routes") -> Figure:
    """p50, p95 and p99 of the ten slowest routes with at least so many requests, and the plan's limit for p95."""
    # with few requests a single slow one makes a route the first of the table
    title = f"{title}, of those with {fewest} requests or more" if fewest > 1 else title
    timed = [one for one in review.routes if one.p95_ms is not None and one.requests >= fewest
             and one.route not in (NOT_FOUND, OTHERS)]
    if not timed:
        return empty_figure(title, "No route has enough requests with a response time.")
    shown = sorted(timed, key=lambda one: one.p95_ms or 0)[-_ROUTES:]
    figure, axes = new_figure(1.3 + 0.34 * len(shown))
    for place, one in enumerate(shown):
        low, middle, high = (value or 0 for value in (one.p50_ms, one.p95_ms, one.p99_ms))
        colour = RED if middle >= limit_ms else BLUE
        axes.plot([low, high], [place, place], color=colour, linewidth=2.5, alpha=0.45, solid_capstyle="butt")
        axes.plot(low, place, "o", color=colour, markerfacecolor="white", markersize=6)
        axes.plot(middle, place, "D" if middle >= limit_ms else "o", color=colour, markersize=8)
        axes.plot(high, place, "|", color=colour, markersize=11, markeredgewidth=2)
    axes.set_yticks(range(len(shown)), [_short(one.route) for one in shown])
    axes.set(title=title, ylim=(-0.6, len(shown) - 0.2),
             xlabel="milliseconds: ○ p50   ● p95 (◆ above the limit)   | p99")
    most = max(one.p99_ms or 0 for one in shown)
    axes.set_xlim(0, max(most, limit_ms) * 1.08 + 1)
    axes.axvline(limit_ms, color=INK, linewidth=1.2, linestyle=(0, (4, 2)))
    tag(axes, limit_ms, len(shown) - 0.42, f"limit {limit_ms} ms", max(most, limit_ms), INK)
    axes.grid(visible=False, axis="y")
    slow = [one for one in shown if (one.p95_ms or 0) >= limit_ms]
    return described(figure, "; ".join(f"{one.route}: p95 {one.p95_ms} ms" for one in reversed(shown))
                     + f". {len(slow)} of them at or above {limit_ms} ms.")


def _bars(axes: Any, review: LogReview, classes: tuple[int, ...]) -> None:
    starts = to_dates([one.at for one in review.statuses])
    width = (review.until - review.since) / timedelta(days=1) / max(1, len(starts)) * 0.9
    base = [0] * len(starts)
    for kind in classes:
        heights = [one.counts.get(kind, 0) for one in review.statuses]
        words, colour, hatch = _CLASSES[kind]
        axes.bar(starts, heights, width=width, bottom=base, align="edge", color=colour, label=words, hatch=hatch,
                 edgecolor="white", linewidth=0)
        base = [low + height for low, height in zip(base, heights, strict=True)]


def _deployment(above: Any, below: Any, review: LogReview) -> None:
    assert review.deployed_at is not None  # the caller has asked
    at = to_dates([review.deployed_at])[0]
    for one in (above, below):
        one.axvline(at, color=PURPLE, linewidth=1.6, linestyle=(0, (4, 2)))
    right = (review.deployed_at - review.since) > (review.until - review.since) * 0.6
    above.annotate(f"deployed {review.deployed_version}", (at, 0.82), xycoords=("data", "axes fraction"),
                   xytext=(-5 if right else 5, 0), textcoords="offset points", ha="right" if right else "left",
                   va="center", color=PURPLE, fontsize=9, fontweight="bold",
                   bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.85})


def _short(route: str) -> str:
    return route if len(route) <= 44 else f"…{route[-43:]}"
