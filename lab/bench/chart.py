"""Failed requests a second over time: the runbook's and the plan's commands, one small panel a task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lab.bench.measures import RUNBOOK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RUNBOOK_COLOUR, MANUAL_COLOUR, GRID, TEXT = "#2b6cb0", "#b3232c", "#e6e9ee", "#5b6675"


def failures_chart(series: Sequence[tuple[str, str, Sequence[int]]], rate: float) -> Figure:
    """`series` are (task, method, failed requests in each second); every panel is scaled to the full load."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    tasks = list(dict.fromkeys(task for task, _, _ in series))
    figure = Figure(figsize=(8.6, 0.6 + 1.35 * max(1, len(tasks))), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(max(1, len(tasks)), 1, squeeze=False, sharex=True)
    for axes, task in zip(panels[:, 0], tasks, strict=False):
        for _, method, failed in (one for one in series if one[0] == task):
            colour = RUNBOOK_COLOUR if method == RUNBOOK else MANUAL_COLOUR
            axes.step(range(len(failed)), failed, where="post", color=colour, linewidth=1.8, label=method)
            axes.fill_between(range(len(failed)), failed, step="post", color=colour, alpha=0.15, linewidth=0)
        axes.set_title(task, loc="left", fontsize=10, fontweight="bold")
        axes.set(ylim=(0, rate * 1.08), xlim=(0, None))
        axes.grid(color=GRID)
        axes.tick_params(length=0, labelsize=8.5, colors=TEXT)
        axes.spines[["top", "right"]].set_visible(False)
    # not every task was measured with both methods: one legend above all panels
    known = {line.get_label(): line for axes in panels[:, 0] for line in axes.get_lines()}
    figure.legend(list(known.values()), list(known), loc="outside upper right", ncols=2, frameon=False, fontsize=9)
    panels[-1, 0].set_xlabel("seconds since the start, the fault, or the operator's first keystroke",
                             color=TEXT, fontsize=9)
    figure.supylabel("failed requests a second", color=TEXT, fontsize=9)
    summary = "; ".join(f"{task}, {method}: {sum(failed)} failed requests" for task, method, failed in series)
    figure.set_label(summary or "Nothing was measured.")
    return figure
