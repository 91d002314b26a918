"""A load test on one time axis: load and replies, response times, errors, and how full each container was."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from runbook_lib.capacity.facts.earlier_load_tests import EarlierLoadTest, trend
from runbook_lib.capacity.facts.load_test import LoadTestRun
from runbook_lib.core.text import pluralize
from runbook_lib.platform.drawing import (
    BLUE,
    CLEAR,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    RED,
    WIDTH,
    described,
    empty_figure,
    in_house_style,
    new_figure,
    time_axis,
    to_dates,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Load test"
_PANEL = 1.5  # inches
_SHOWN = 4  # containers with a colour of their own: the fullest; more look alike
_COLOURS = (RED, BLUE, ORANGE, PURPLE)
# lines differ by their dashes too: on paper and to every eye
_DASHES: tuple[Any, ...] = ("solid", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1, 1.5)))


@in_house_style
def load_over_time(test: LoadTestRun, *, title: str = TITLE) -> Figure:
    """Seconds since the beginning: replies a second, percentiles with the plan's limit, errors, CPU and memory."""
    result = test.result
    if result is None or not result.seconds:
        return empty_figure(title, "No load was sent.")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 5 * _PANEL + 1.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(5, 1, sharex=True)
    _throughput(axes[0], test)
    _percentiles(axes[1], test)
    seconds = [one.second + 0.5 for one in result.seconds]
    axes[2].bar(seconds, [one.errors for one in result.seconds], width=0.9, color=RED)
    most = max([4, *(one.errors for one in result.seconds)])
    axes[2].set(ylabel="errors/s", ylim=(0, most * 1.2), yticks=range(0, most + 1, max(1, most // 4)))
    if not any(one.errors for one in result.seconds):
        axes[2].text(0.01, 0.5, "none", transform=axes[2].transAxes, color="#5b6675", va="center")
    _containers(axes[3], test, "cpu_percent", "CPU\n% of limit")
    _containers(axes[4], test, "memory_percent", "memory\n% of limit")
    end = max(one.begins_s + one.seconds for one in result.stages)
    for panel in axes:
        panel.set_xlim(0, max(end, seconds[-1] + 0.5))
        for stage in result.stages[1:]:
            panel.axvline(stage.begins_s, color=GREY, linewidth=0.9, linestyle=(0, (2, 2)))
    axes[0].set_title(title, loc="left")
    began = datetime.fromtimestamp(result.began_at, tz=UTC)
    axes[-1].set_xlabel(f"seconds since {began:%Y-%m-%d %H:%M:%S} UTC")
    return described(figure, _words(test))


@in_house_style
def load_trend(test: LoadTestRun, earlier: Sequence[EarlierLoadTest], *,
               title: str = "p95 at the same load, test by test") -> Figure:
    """The p95 of each load test at this load, this one included, over UTC time, with the plan's limit."""
    limit_ms, points = test.environment.success.p95_ms, trend(test, earlier)
    if not points:
        return empty_figure(title, "There is no earlier load test at this load.")
    figure, axes = new_figure(2.6)
    times, values = [at for at, _ in points], [value for _, value in points]
    axes.plot(to_dates(times), values, color=BLUE, marker="o", markersize=4)
    axes.axhline(limit_ms, color=RED, linewidth=1.4, linestyle=(0, (4, 2)))
    axes.annotate(f"limit {limit_ms:g} ms", (0.005, limit_ms), xycoords=("axes fraction", "data"), xytext=(0, 4),
                  textcoords="offset points", color=RED, fontsize=9, bbox=CLEAR)
    axes.set(title=title, ylabel="ms", ylim=(0, 1.25 * max(*values, limit_ms)))
    time_axis(axes, times)
    tests = pluralize(len(points), "test")
    return described(figure, f"{tests}, the last with a p95 of {values[-1]:.0f} ms; limit {limit_ms:g} ms.")


def _throughput(axes: Any, test: LoadTestRun) -> None:
    assert test.result is not None
    rows = test.result.seconds
    axes.step([one.second for one in rows], [one.requests for one in rows], where="post", color=BLUE, linewidth=1.6)
    top = max([1, *(one.requests for one in rows)]) * 1.45
    for stage in test.result.stages:
        axes.annotate(test.amount(stage.load), (stage.begins_s, top * 0.86), xytext=(4, 0),
                      textcoords="offset points", fontsize=8.5, color=INK, bbox=CLEAR)
    axes.set(ylabel="requests/s", ylim=(0, top))


def _percentiles(axes: Any, test: LoadTestRun) -> None:
    assert test.result is not None
    limit_ms, highest = test.environment.success.p95_ms, 0.0
    for name, colour, dashes, width in (("p50_s", GREEN, _DASHES[1], 1.2), ("p95_s", BLUE, "solid", 1.8),
                                        ("p99_s", PURPLE, _DASHES[2], 1.2)):
        points = [(one.second + 0.5, 1000 * value) for one in test.result.seconds
                  if (value := getattr(one, name)) is not None]
        if points:
            axes.plot(*zip(*points, strict=True), color=colour, linestyle=dashes, linewidth=width, label=name[:3])
            highest = max(highest, *(value for _, value in points))
    axes.axhline(limit_ms, color=RED, linewidth=1.4)
    axes.annotate(f"limit {limit_ms:g} ms (p95)", (0.995, limit_ms), xycoords=("axes fraction", "data"),
                  xytext=(0, 3), textcoords="offset points", ha="right", color=RED, fontsize=8.5, bbox=CLEAR)
    axes.set(ylabel="ms", ylim=(0, 1.3 * max(highest, limit_ms)))
    axes.legend(loc="upper left", ncols=3)


def _containers(axes: Any, test: LoadTestRun, name: str, label: str) -> None:
    """The fullest containers by name, the others in grey."""
    assert test.result is not None
    peaks = {service: max(getattr(one, name) for one in points) for service, points in test.use.items() if points}
    ordered = sorted(peaks, key=lambda service: -peaks[service])
    for place, service in reversed(list(enumerate(ordered))):
        points = [(one.at_s - test.result.begin_s, getattr(one, name)) for one in test.use[service]]
        shown = place < _SHOWN
        axes.plot(*zip(*points, strict=True), color=_COLOURS[place] if shown else GREY, linewidth=1.5 if shown else 0.8,
                  linestyle=_DASHES[place] if shown else "solid", label=service if shown else None)
    top = max([10.0, *peaks.values()]) * 1.45
    if not peaks:
        axes.text(0.01, 0.5, "no sample", transform=axes.transAxes, color="#5b6675", va="center")
    elif top > 100:
        top = max(top, 145.0)  # the names stand above the line, which would cross them
        # the fullest container is red
        axes.axhline(100, color=INK, linewidth=1.2, linestyle=(0, (4, 2)))
        axes.annotate("limit", (0.995, 100), xycoords=("axes fraction", "data"), xytext=(0, 3),
                      textcoords="offset points", ha="right", color=INK, fontsize=8.5)
    axes.set(ylabel=label, ylim=(0, top))
    if peaks:
        handles, names = axes.get_legend_handles_labels()
        axes.legend(handles[::-1], names[::-1], loc="upper left", ncols=4)


def _words(test: LoadTestRun) -> str:
    assert test.result is not None
    stages = []
    for one in test.result.stages:
        p95_ms = one.counts.percentile_ms(95)
        stages.append(f"{test.amount(one.load)}: {one.requests_per_s:.1f} replies a second, p95 "
                      f"{'not known' if p95_ms is None else f'{p95_ms:.0f} ms'}, {one.counts.errors} errors")
    return "; ".join(stages) + f". Ended: {test.result.ended}."

