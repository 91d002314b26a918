"""Values as matplotlib figures in one house style: readable at report width, safe for colour-blind readers.

Every function is pure and draws with no global state; matplotlib is imported on first use, so that importing
`runbook_lib` stays cheap. Each figure carries a description in words, which becomes its alternative text.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

from runbook_lib.core.text import readable_number, readable_size
from runbook_lib.platform.drawing import (
    BLUE,
    CLEAR,
    GREY,
    INK,
    RED,
    STATE_COLOURS,
    described,
    empty_figure,
    in_house_style,
    new_figure,
    time_axis,
    to_dates,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_MARKED = 60  # values on a chart's width


@dataclass(frozen=True)
class Bar:
    """One interval of a timeline, in seconds since the start."""

    label: str
    start_s: float
    seconds: float
    state: str = "passed"


@in_house_style
def memory_against_limits(rows: Iterable[tuple[str, float, float | None]], *, alert_percent: float = 90.0,
                          title: str = "Container memory against limits") -> Figure:
    """Horizontal bars of (name, used bytes, limit bytes or None), fullest first, with the alert line in percent."""
    measured = sorted(rows, key=lambda row: (row[1] / row[2]) if row[2] else -1.0)
    if not measured:
        return empty_figure(title, "No container was measured.")
    figure, axes = new_figure(1.2 + 0.36 * len(measured))
    words = []
    for place, (name, used, limit) in enumerate(measured):
        share = 100 * used / limit if limit else None
        colour = GREY if share is None else RED if share >= alert_percent else BLUE
        axes.barh(place, 100, color="#eef1f5", height=0.62)
        axes.barh(place, min(share or 0.0, 100), color=colour, height=0.62)
        label = f"{readable_size(used)}, no limit"
        if limit and share is not None:
            label = f"{readable_size(used)} of {readable_size(limit)} ({share:.0f} %)"
        axes.text(101.5, place, label, va="center", fontsize=9, color=RED if colour == RED else INK)
        words.append(f"{name} {label}")
    axes.axvline(alert_percent, color=RED, linewidth=1.4, linestyle=(0, (4, 2)))
    axes.text(alert_percent - 0.8, len(measured) - 0.38, f"alert at {alert_percent:g} %", color=RED, fontsize=8.5,
              va="bottom", ha="right")
    axes.set_yticks(range(len(measured)), [name for name, _, _ in measured])
    axes.set(title=title, xlabel="memory in use, percent of the container's limit", xlim=(0, 135),
             ylim=(-0.6, len(measured) - 0.05))
    axes.set_xticks(range(0, 101, 20))
    axes.grid(visible=False)
    return described(figure, "; ".join(reversed(words)) + ".")


@in_house_style
def timeline(bars: Iterable[Bar], *, title: str = "Steps") -> Figure:
    """When each step ran and for how long, first at the top."""
    rows = list(bars)
    if not rows:
        return empty_figure(title, "No step was run.")
    figure, axes = new_figure(1.1 + 0.34 * len(rows))
    end = max(bar.start_s + bar.seconds for bar in rows) or 1.0
    for place, bar in enumerate(rows):
        axes.barh(place, max(bar.seconds, end / 400), left=bar.start_s, height=0.6,
                  color=STATE_COLOURS.get(bar.state, GREY))
        axes.text(bar.start_s + bar.seconds + end * 0.01, place, f"{bar.seconds:.1f} s, {bar.state}", va="center",
                  fontsize=8.5)
    axes.set_yticks(range(len(rows)), [bar.label for bar in rows])
    axes.invert_yaxis()
    axes.set(title=title, xlabel="seconds since the start", xlim=(0, end * 1.22))
    axes.grid(axis="y", visible=False)
    return described(figure, "; ".join(f"{bar.label}: {bar.state} after {bar.seconds:.1f} s" for bar in rows) + ".")


@in_house_style
def metric_over_time(rows: Iterable[tuple[datetime, float]], limit: float, *, unit: str,
                     moments: Iterable[tuple[datetime, str]] = (), title: str = "", label: str = "") -> Figure:
    """A value over UTC time with its limit and labelled moments; the time axis spans the moments too."""
    points, marks = sorted(rows), sorted(moments)
    if not points:
        return empty_figure(title, "No request was counted.")
    figure, axes = new_figure(3.0)
    times, values = [when for when, _ in points], [value for _, value in points]
    # where there is space for it, each is marked: a line alone shows one value as nothing, and two as a course
    axes.plot(to_dates(times), values, color=BLUE, marker="o" if len(values) <= MOST_MARKED else "", markersize=4)
    axes.fill_between(to_dates(times), values, color=BLUE, alpha=0.12, linewidth=0)
    short = "%" if unit == "percent" else unit
    top = max(*values, limit) * 1.35 or 1.0
    axes.axhline(limit, color=RED, linewidth=1.6)
    axes.annotate(f"limit {limit:g} {short}", (0.005, limit), xycoords=("axes fraction", "data"),
                  xytext=(0, 4), textcoords="offset points", color=RED, fontsize=9, bbox=CLEAR)
    moments_too = [*times, *(when for when, _ in marks)]
    begin, end = min(moments_too), max(moments_too)
    for place, (when, name) in enumerate(marks):
        axes.axvline(to_dates([when])[0], color=INK, linewidth=1.2, linestyle=(0, (2, 2)))
        # moments can be a second apart: each label stands a line lower than the previous
        late = when > begin + 0.85 * (end - begin)
        axes.annotate(name, (to_dates([when])[0], top * (0.94 - 0.11 * place)), xytext=(-4 if late else 4, 0),
                      ha="right" if late else "left", textcoords="offset points", fontsize=9, bbox=CLEAR)
    time_axis(axes, sorted(moments_too))
    axes.set(title=title, ylabel=label or unit, ylim=(0, top))
    least, most = readable_number(min(values), 2), readable_number(max(values), 2)
    summary = f"Between {least} {short} and {most} {short}; the limit is {limit:g} {short}."
    return described(figure, summary)


@in_house_style
def to_svg(figure: Figure) -> str:
    """The figure as one self-contained SVG: no external address, the same bytes for the same values."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    body = buffer.getvalue()
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = body[body.index("<svg"):]
    title = (figure.axes[0].get_title(loc="left") or figure.axes[0].get_title()) if figure.axes else ""
    words = f"<title>{escape(title)}</title><desc>{escape(str(figure.get_label()))}</desc>"
    return re.sub(r"<svg ([^>]*)>", lambda found: f'<svg role="img" {found.group(1)}>{words}', body, count=1)


@in_house_style
def to_png(figure: Figure) -> bytes:
    """The figure as a PNG at twice the report's resolution."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=160)
    return buffer.getvalue()


