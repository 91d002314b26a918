"""Charts of backups and drills."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from runbook_lib.core.text import pluralize, readable_size
from runbook_lib.platform.drawing import (
    BLUE,
    RED,
    described,
    empty_figure,
    in_house_style,
    new_figure,
    time_axis,
    to_dates,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DROP = 0.8  # of the previous size: a smaller one is marked


@in_house_style
def sizes_over_time(rows: Iterable[tuple[datetime, float]], *, title: str = "Backup sizes") -> Figure:
    """A staircase of (UTC time, bytes). It should climb slowly; a drop is marked."""
    points = sorted(rows)
    if not points:
        return empty_figure(title, "There is no backup yet.")
    figure, axes = new_figure(3.0)
    times = [when for when, _ in points]
    unit, amount = ("MiB", 2**20) if max(size for _, size in points) >= 2**19 else ("KiB", 2**10)
    sizes = [size / amount for _, size in points]
    axes.step(to_dates(times), sizes, where="post", color=BLUE)
    axes.plot(to_dates(times), sizes, "o", color=BLUE, markersize=5)
    drops = [place for place in range(1, len(sizes)) if sizes[place] < DROP * sizes[place - 1]]
    for place in drops:
        axes.plot(to_dates(times)[place], sizes[place], "v", color=RED, markersize=9)
        axes.annotate("smaller by a fifth or more", (to_dates(times)[place], sizes[place]), xytext=(8, -3),
                      textcoords="offset points", color=RED, fontsize=8.5)
    time_axis(axes, times)
    axes.set(title=title, ylabel=f"size in {unit}", ylim=(0, max(sizes) * 1.2 or 1))
    newest = readable_size(points[-1][1])
    summary = f"{pluralize(len(points), 'backup')} from {times[0]:%d %b %Y} to {times[-1]:%d %b %Y}; newest {newest}"
    return described(figure, f"{summary}; {len(drops)} smaller by a fifth or more than the previous one.")


@in_house_style
def recovery_times(rows: Iterable[tuple[datetime, float]], *, title: str = "Time to recover") -> Figure | None:
    """Points of (UTC time, seconds from a backup to a readable database). It should grow as slowly as the data.

    None before the first drill: the table next to it shows that there is none.
    """
    points = sorted(rows)
    if not points:
        return None
    figure, axes = new_figure(3.0)
    times, seconds = [when for when, _ in points], [took for _, took in points]
    axes.plot(to_dates(times), seconds, "o-", color=BLUE, markersize=5)
    time_axis(axes, times)
    axes.set(title=title, ylabel="seconds", ylim=(0, max(seconds) * 1.25 or 1))
    summary = (f"{pluralize(len(points), 'drill')} from {times[0]:%d %b %Y} to {times[-1]:%d %b %Y}: between "
               f"{min(seconds):.1f} and ")
    return described(figure, f"{summary}{max(seconds):.1f} s; the last one took {seconds[-1]:.1f} s.")
