"""Charts of a release under load."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from runbook_lib.core.statistics import percentile
from runbook_lib.platform.charts import memory_against_limits, metric_over_time
from runbook_lib.platform.drawing import (
    BLUE,
    INK,
    RED,
    described,
    empty_figure,
    in_house_style,
    new_figure,
    tag,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from runbook_lib.platform.facts.containers import Container


@in_house_style
def latency_distribution(seconds: Sequence[float], threshold_s: float, *, title: str = "Response times") -> Figure:
    """Histogram of response times with p50, p95, p99 and the threshold for p95, all in seconds.

    Without values: an empty figure with a note.
    """
    if not seconds:
        return empty_figure(title, "No request was measured.")
    times = sorted(value * 1000 for value in seconds)
    limit = threshold_s * 1000
    marks = {f"p{share}": percentile(times, share) or 0.0 for share in (50, 95, 99)}
    figure, axes = new_figure(3.4)
    right = max(marks["p99"] * 1.25, limit * 1.12)
    axes.hist([min(value, right) for value in times], bins=48, range=(0, right), color=BLUE, alpha=0.85)
    axes.set(title=title, xlabel="response time in milliseconds", ylabel="requests", xlim=(0, right))
    axes.grid(axis="x", visible=False)
    top = axes.get_ylim()[1]
    axes.set_ylim(0, top * 1.3)
    for row, (name, value) in enumerate(marks.items()):
        axes.axvline(value, ymax=(1.245 - 0.095 * row) / 1.3, color=INK, linewidth=1.2, linestyle=(0, (2, 2)))
        tag(axes, value, top * (1.245 - 0.095 * row), f"{name} {value:.0f} ms", right, INK)
    axes.axvline(limit, color=RED, linewidth=1.8)
    tag(axes, limit, top * 0.9, f"limit for p95: {limit:.0f} ms", right, RED)
    shares = ", ".join(f"{name} {value:.0f} ms" for name, value in marks.items())
    above = sum(value > limit for value in times)
    summary = f"{len(times)} requests: {shares}; the limit for p95 is {limit:.0f} ms, {above} above it."
    return described(figure, summary)


def error_rate_over_time(rows: Iterable[tuple[datetime, float]], threshold_percent: float, *,
                         moments: Iterable[tuple[datetime, str]] = (), title: str = "Error rate") -> Figure:
    """Percent of failed requests over (UTC time, percent), with the threshold and labelled moments."""
    return metric_over_time(rows, threshold_percent, unit="percent", moments=moments, title=title,
                            label="failed requests in percent")


def memory_of_containers(containers: Iterable[Container], *, title: str = "Memory against limits") -> Figure:
    """Bars of memory in use against each container's limit; containers whose memory was not measured are left out."""
    measured = (one for one in containers if one.memory_bytes is not None)
    rows = ((one.service, one.memory_bytes or 0, one.memory_limit_bytes) for one in measured)
    return memory_against_limits(rows, title=title)
