"""Tuning as pictures: which statements take the time, and which planned values are not in force."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runbook_lib.capacity.checks.planned_value import PlannedValue
from runbook_lib.capacity.facts.slow_statements import StatementStatistics
from runbook_lib.core.text import pluralize, printable, readable_number
from runbook_lib.environment import Environment
from runbook_lib.platform.drawing import (
    BLUE,
    CLEAR,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    RED,
    described,
    empty_figure,
    in_house_style,
    new_figure,
)
from runbook_lib.platform.facts.availability import Unanswered

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 8
_QUIET = "#5b6675"
_OTHERS = "(a statement of another role: its text is hidden)"
_FAR = 4.0  # times more or less: beyond, a point would push all others together
# a verdict is never shown by its colour alone
_SIGNS = {True: ("o", BLUE, "as planned"), False: ("X", RED, "not as planned"), None: ("D", PURPLE, "not known")}


@in_house_style
def slowest_statements(environment: Environment, statistics: StatementStatistics | Unanswered, *,
                       title: str = "Statements by total time") -> Figure:
    """The statements that took most time in all, the first on top, each with calls and mean; hatched: slow on average.

    No literal of a statement is shown.
    """
    if isinstance(statistics, Unanswered) or not statistics.statements:
        reason = statistics.reason if isinstance(statistics, Unanswered) else statistics.missing
        return empty_figure(title, f"No statement is known: {reason}." if reason else "No statement was counted.")
    shown, limit = statistics.statements[:MOST], environment.tuning.limits.statement_ms
    unit, per = ("s", 1000.0) if shown[0].total_ms >= 1000 else ("ms", 1.0)
    figure, axes = new_figure(1.3 + 0.62 * len(shown))
    longest, words = shown[0].total_ms / per or 1.0, []
    for place, one in enumerate(shown):
        slow = one.mean_ms >= limit and one.calls >= environment.tuning.limits.statement_calls
        axes.barh(place, one.total_ms / per, height=0.34, color=RED if slow else BLUE, hatch="///" if slow else None,
                  edgecolor="white", linewidth=0)
        label = (f"{readable_number(one.total_ms / per)} {unit} ({one.share:.0f} %), {pluralize(one.calls, 'call')}, "
                 f"mean {readable_number(one.mean_ms)} ms")
        axes.text(one.total_ms / per + 0.01 * longest, place, label, va="center", fontsize=8.5,
                  color=RED if slow else INK)
        text = textwrap.shorten(printable(one.text), 96, placeholder=" …") if not one.hidden else _OTHERS
        # mathematics between dollar signs is nothing that a statement means by $1
        axes.text(0, place - 0.26, text.replace("$", r"\$"), va="bottom", fontsize=7.5, color=_QUIET,
                  family="monospace")
        words.append(f"{label}: {text}")
    axes.set(title=title, ylim=(len(shown) - 0.6, -0.75), xlim=(0, longest * 1.75),
             xlabel=f"total time in {unit} since {_since(statistics)}; red and hatched: {limit} ms or more on average")
    axes.set_yticks([])
    axes.grid(axis="y", visible=False)
    return described(figure, "; ".join(words) + ".")


def _since(statistics: StatementStatistics) -> str:
    return f"{statistics.since:%Y-%m-%d %H:%M} UTC" if statistics.since else "the statistics were reset"


@in_house_style
def planned_against_in_force(values: Sequence[PlannedValue], *, title: str = "Planned values and what is in force",
                             ) -> Figure:
    """What is not as planned, as points: right of the line more, left less, in steps of two.

    Words without a size have their row too. What could not be asked is a diamond at the edge. Values as planned have
    no row: dozens of points on one line hide the few that a reader looks for.
    """
    asked = [one for one in values if not one.absent]
    shown = [one for one in asked if not one.good or one.waits]
    if not asked:
        return empty_figure(title, "No planned value was asked.")
    if not shown:
        return empty_figure(title, "Every value that was asked is in force as planned.")
    title = f"{len(shown)} of {len(asked)} planned values: not in force as planned, or not known"
    # what is not as planned on top, then what is not known
    shown.sort(key=lambda one: (one.good is not False, one.good is not None and not one.waits))
    figure, axes = new_figure(1.5 + 0.27 * len(shown))
    axes.axvspan(-0.04, 0.04, color="#e3edf7", zorder=0)
    axes.axvline(0, color=GREY, linewidth=1.2, zorder=1)
    for place, one in enumerate(shown):
        _row(axes, place, one)
    edge = math.log2(_FAR)
    axes.set(title=title, ylim=(len(shown) - 0.4, -0.8), xlim=(-edge - 0.35, edge + 3.3))
    axes.set_xticks([-2, -1, 0, 1, 2], ["¼", "½", "as planned", "2×", "4×"])
    axes.set_yticks(range(len(shown)), [f"{one.part}: {one.name}" for one in shown], fontsize=8)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("in force, as a share of what is planned:\n✕ not as planned   ◆ not known\n"
                    "▲ waits for a restart, or is overridden", fontsize=8.5, loc="left")
    return described(figure, "; ".join(f"{one.part} {one.name}: {_words(one)}" for one in shown) + ".")


def _row(axes: Any, place: int, one: PlannedValue) -> None:
    sign, colour, _ = _SIGNS[one.good]
    if one.good:  # it waits, or it would have no row
        sign, colour = "^", ORANGE
    edge = math.log2(_FAR)
    at = 0.0 if one.ratio is None else max(-edge, min(edge, math.log2(one.ratio)))
    if one.good is None:
        at = -edge
    if at:
        axes.plot([0, at], [place, place], color=colour, linewidth=1.6, zorder=2)
    axes.plot([at], [place], marker=sign, color=colour, markersize=6.5, zorder=3, linestyle="none")
    axes.text(edge + 0.25, place, textwrap.shorten(printable(_words(one)), 62, placeholder=" …").replace("$", r"\$"),
              va="center", fontsize=8, color=colour, bbox=CLEAR)


def _words(one: PlannedValue) -> str:
    """In force, and what was planned where that differs."""
    there = one.in_force if one.in_force is not None else f"not known, {one.note}" if one.note else "not known"
    note = f" ({one.note})" if one.note and one.in_force is not None else ""
    return f"{there}{note}; planned {one.planned}" if not one.good else f"{there}{note}"
