"""The path of each alert of a drill on one time axis: provoked, firing, taken by each channel, over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runbook_lib.observability.facts.alert_drills import AlertDrillRecord, AlertDrills
from runbook_lib.observability.facts.alert_timeline import AlertPath
from runbook_lib.platform.drawing import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    RED,
    described,
    empty_figure,
    in_house_style,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# a channel is never shown by its colour alone: sign and words differ too
_SIGNS = ("o", "s", "D", "^", "v", "P")
_QUIET = "#5b6675"


@in_house_style
def notification_times(drills: AlertDrills, *, title: str = "Time to notification") -> Figure:
    """The newest drill: a bar while each condition was provoked, when its rule fired, and when each channel took it."""
    record = next(iter(reversed(drills.drills)), None)
    if record is None or not record.conditions:
        return empty_figure(title, "No drill took place.")
    rows = record.conditions
    figure, axes = new_figure(1.6 + 0.62 * len(rows))
    kinds = sorted({kind for one in record.paths for kind in one.sent})
    for place, name in enumerate(reversed(rows)):
        path = record.path(name)
        if path is None:
            axes.annotate("not provoked", (0, place), xytext=(4, 0), textcoords="offset points", color=_QUIET,
                          va="center")
        else:
            _row(axes, place, path, record, kinds)
    _legend(axes, kinds)
    axes.set_yticks(range(len(rows)), list(reversed(rows)))
    axes.set(title=f"{title}, drill of {record.at:%Y-%m-%d %H:%M} UTC", xlabel="seconds since the drill began",
             ylim=(-0.6, len(rows) - 0.25), xlim=(0, record.seconds * 1.02))
    axes.grid(visible=False, axis="y")
    return described(figure, _words(record))


def _row(axes: Any, place: int, path: AlertPath, record: AlertDrillRecord, kinds: list[str]) -> None:
    ended = path.ended if path.ended is not None else record.seconds
    axes.barh(place, ended - path.begun, left=path.begun, height=0.5, color="#fbe6c8", edgecolor=ORANGE,
              linewidth=0.8)
    if path.fired is not None:
        over = path.over if path.over is not None else record.seconds
        axes.barh(place, over - path.fired, left=path.fired, height=0.16, color=RED if path.over is None else BLUE)
    for number, kind in enumerate(kinds):
        # signs of the same second stand one above the other
        height = place + (number - (len(kinds) - 1) / 2) * 0.2
        if kind in path.sent and path.sent[kind] is not None:
            axes.plot(path.sent[kind], height, _SIGNS[number % len(_SIGNS)], color=INK, markersize=6, zorder=4)
        if kind in path.end_sent and path.end_sent[kind] is not None:
            axes.plot(path.end_sent[kind], height, _SIGNS[number % len(_SIGNS)], color=GREEN, markerfacecolor="white",
                      markersize=6, zorder=4)
    first = min((at for at in path.sent.values() if at is not None), default=None)
    if first is not None:
        # above the bars: a short time would lie below one
        axes.annotate(f"{max(0.0, first - path.begun):.0f} s", (path.begun, place + 0.25), xytext=(0, 2),
                      textcoords="offset points", fontsize=9, color=INK, va="bottom", fontweight="bold")
    elif path.fired is not None:
        axes.annotate("no channel took it", (path.fired, place), xytext=(4, 12), textcoords="offset points",
                      fontsize=8.5, color=RED, va="center")


def _legend(axes: Any, kinds: list[str]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    shown: list[Any] = [Patch(facecolor="#fbe6c8", edgecolor=ORANGE, label="provoked"),
                        Patch(color=BLUE, label="fires")]
    shown += [Line2D([], [], color=INK, marker=_SIGNS[number % len(_SIGNS)], linestyle="none", label=f"{kind} took it")
              for number, kind in enumerate(kinds)]
    shown.append(Line2D([], [], color=GREEN, marker="o", markerfacecolor="white", linestyle="none",
                        label="took its end"))
    axes.figure.legend(handles=shown, loc="outside lower left", ncols=6, handletextpad=0.4, columnspacing=1.2,
                       labelcolor=INK)


def _words(record: AlertDrillRecord) -> str:
    parts = [f"{one.name}: {', '.join(f'{name} {value}' for name, value in one.row.items() if name != 'alert')}"
             for one in record.paths]
    parts += [f"{name}: not provoked" for name in record.conditions if record.path(name) is None]
    return "; ".join(parts) + "."
