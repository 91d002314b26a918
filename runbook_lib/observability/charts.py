"""The environment as a map of its dependencies: what works, what does not, and what follows from it.

`small_multiples` of the metrics is in metric_charts.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runbook_lib.core.findings import Verdict
from runbook_lib.observability.alert_charts import notification_times
from runbook_lib.observability.log_charts import slowest_routes, statuses_over_time
from runbook_lib.observability.metric_charts import small_multiples as small_multiples
from runbook_lib.platform.drawing import (
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    RED,
    described,
    empty_figure,
    in_house_style,
    load_ahead,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from runbook_lib.observability.checks.service_states import ServiceState

__all__ = ["load_ahead", "notification_times", "slowest_routes", "status_map", "statuses_over_time"]
# A state is never shown by its colour alone: sign, fill and border differ too, on paper and to every eye.
# verdict → sign, fill, words, border, its line
_LOOKS: Mapping[Verdict, tuple[str, str, str, str, Any]] = {
    Verdict.PASSED: ("✓", "white", INK, GREEN, "solid"),
    Verdict.WARNING: ("!", "#fdf1dc", INK, ORANGE, "solid"),
    Verdict.FAILED: ("✗", RED, "white", RED, "solid"),
    Verdict.INCONCLUSIVE: ("?", "#efe8f8", INK, PURPLE, (0, (5, 2))),
    Verdict.NOT_APPLICABLE: ("–", "white", "#5b6675", GREY, (0, (1, 2))),
}
_WIDE, _HIGH, _COLUMN, _ROW = 1.72, 0.7, 2.45, 0.86  # of a box and of its place, in inches
_LINE_CHARACTERS = 28  # of a box's width; it has two such lines
_LEFT, _QUIET = -1.62, "#5b6675"
_BAD = (Verdict.FAILED, Verdict.INCONCLUSIVE)
_LEGEND = ("   ".join(f"{look[0]} {verdict}" for verdict, look in _LOOKS.items())
           + "      → needs; dashed: what is needed does not work")
Place = tuple[float, float]


@in_house_style
def status_map(states: Sequence[ServiceState], *, title: str = "Services and what they need") -> Figure:
    """Every service as a box, left of what it needs: what users reach above, what only watches below.

    An arrow points to what is needed, and is dashed where that does not work. Sign, fill and border show the state.
    """
    if not states:
        return empty_figure(title, "No service was asked.")
    places = _places(states)
    bottom = min(y for _, y in places.values()) - 0.7
    figure, axes = new_figure(0.5 - bottom + 0.4)
    axes.set(title=title, xlim=(_LEFT, max(x for x, _ in places.values()) + _WIDE / 2 + 1.2), ylim=(bottom, 0.5))
    axes.set_axis_off()
    by_name = {one.name: one for one in states}
    for one in states:
        known = [by_name[needed] for needed in one.needs if needed in by_name]
        for needed in known:
            if needed.critical == one.critical:
                _arrow(axes, places[one.name], places[needed.name], needed.verdict)
        _far_needs(axes, places[one.name], [needed for needed in known if needed.critical != one.critical])
        _box(axes, places[one.name], one)
    _headings(axes, states, places)
    axes.text(_LEFT, bottom + 0.08, _LEGEND, fontsize=8, color=_QUIET, va="center")
    return described(figure, _words(states))


def _headings(axes: Any, states: Sequence[ServiceState], places: Mapping[str, Place]) -> None:
    """Who enters where: users at what they reach; where that is not known, at what no other critical one needs."""
    needed = {name for one in states if one.critical for name in one.needs}
    first = {one.name for one in states if one.entered} or {
        one.name for one in states if one.critical and one.name not in needed}
    for one in states:
        if one.critical and one.name in first:
            _arrow(axes, (_LEFT + 0.5 - _WIDE / 2, places[one.name][1]), places[one.name], one.verdict)
            axes.text(_LEFT, places[one.name][1], "users", va="center", fontsize=9.5, fontweight="bold")
    below = [places[one.name][1] for one in states if not one.critical]
    if below:
        axes.text(_LEFT, max(below) + 0.47, "what watches and alerts", fontsize=8.5, color=_QUIET)


def _far_needs(axes: Any, place: Place, needed: Sequence[ServiceState]) -> None:
    """What watches a service far away names it: an arrow across the map would hide what it passes."""
    for number, one in enumerate(needed):
        sign, _, _, colour, _ = _LOOKS[one.verdict]
        axes.text(place[0] + _WIDE / 2 + 0.08, place[1] + 0.09 * (len(needed) - 1) - 0.18 * number,
                  f"→ {one.name} {sign}", fontsize=8, color=colour, va="center",
                  fontweight="bold" if one.verdict in _BAD else "normal")


def _words(states: Sequence[ServiceState]) -> str:
    bad = [one for one in states if one.verdict not in (Verdict.PASSED, Verdict.NOT_APPLICABLE)]
    well = sum(one.verdict is Verdict.PASSED and one.asked for one in states)
    runs = sum(one.verdict is Verdict.PASSED and not one.asked for one in states)
    more = f", {runs} run and were not asked" if runs else ""
    words = [f"{one.service}: {one.verdict}, {one.measured}"
             + (f", because of {' and '.join(one.causes)}" if one.causes else "") for one in bad]
    return f"{well} of {len(states)} services answer{more}" + ("; " + "; ".join(words) if words else "") + "."


def _places(states: Sequence[ServiceState]) -> dict[str, Place]:
    """Name → the middle of its box: by columns, each next to those who need it; critical ones above the others."""
    above = [one for one in states if one.critical]
    below = [one for one in states if not one.critical]
    places: dict[str, Place] = {}
    top = 0.0
    for band in (above, below):
        columns = _columns(band)
        rows = max((len(names) for names in columns), default=0)
        for number, names in enumerate(columns):
            for row, name in enumerate(names):
                # a short column stands in the middle of its neighbours
                places[name] = (number * _COLUMN, top - (row + (rows - len(names)) / 2) * _ROW)
        top -= rows * _ROW + (0.34 if rows else 0)
    return places


def _columns(band: Sequence[ServiceState]) -> list[list[str]]:
    """The names of a band by how far they are from those that no other in it needs."""
    names = {one.name for one in band}
    depth = dict.fromkeys(names, 0)
    for _ in band:  # as often as the longest chain may be
        for one in band:
            for needed in one.needs:
                if needed in names:
                    depth[needed] = max(depth[needed], depth[one.name] + 1)
    found: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for one in band:
        found[depth[one.name]].append(one.name)
    return found


def _arrow(axes: Any, start: Place, end: Place, verdict: Verdict) -> None:
    bad = verdict in _BAD
    axes.annotate("", (end[0] - _WIDE / 2, end[1]), (start[0] + _WIDE / 2, start[1]), zorder=1,
                  arrowprops={"arrowstyle": "-|>", "color": _LOOKS[verdict][3] if bad else "#8a95a3",
                              "linewidth": 1.8 if bad else 1.1, "linestyle": (0, (4, 2)) if bad else "solid",
                              "shrinkA": 0, "shrinkB": 1, "mutation_scale": 11})


def _box(axes: Any, place: Place, one: ServiceState) -> None:
    from matplotlib.patches import FancyBboxPatch

    sign, fill, ink, border, line = _LOOKS.get(one.verdict, _LOOKS[Verdict.INCONCLUSIVE])
    left, low = place[0] - _WIDE / 2, place[1] - _HIGH / 2
    axes.add_patch(FancyBboxPatch((left, low), _WIDE, _HIGH, boxstyle="round,pad=0,rounding_size=0.08", facecolor=fill,
                                  edgecolor=border, linewidth=1.9, linestyle=line, zorder=2))
    axes.text(left + 0.1, place[1] + 0.19, sign, color=ink, fontsize=12, fontweight="bold", va="center", zorder=3)
    axes.text(left + 0.31, place[1] + 0.19, one.name, color=ink, fontsize=9, fontweight="bold", va="center", zorder=3)
    lines = textwrap.wrap(_short(one), _LINE_CHARACTERS, max_lines=2, placeholder=" …")
    axes.text(left + 0.1, place[1] - 0.13, "\n".join(lines), color=ink, fontsize=7, va="center", linespacing=1.15,
              zorder=3)


def _short(one: ServiceState) -> str:
    """What decides: the cause, the last of what is good, or the first of what is not."""
    if one.causes:
        return f"because of {', '.join(one.causes)}"
    return one.measured.rpartition("; ")[2] if one.verdict is Verdict.PASSED else one.measured
