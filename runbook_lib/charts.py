"""Values as matplotlib figures in one house style: readable at report width, safe for colour-blind readers.

Every function is pure and draws with no global state; matplotlib is imported on first use, so that importing
`runbook_lib` stays cheap. Each figure carries a description in words, which becomes its alternative text.
"""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, RED, GREY, INK, GREEN = "#2b6cb0", "#d98200", "#b3232c", "#a3adba", "#2a3442", "#2c7d5b"
PURPLE = "#6b3fa0"
STATE_COLOURS = {"passed": GREEN, "failed": RED, "timed out": RED, "rollback failed": RED, "aborted": RED,
                 "rolled back": ORANGE, "unknown": PURPLE}
_CLEAR = {"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.85}  # words over a line stay readable
WIDTH = 8.6  # inches; at 96 dpi what a report's column holds

_STYLE = {
    "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "font.size": 10, "text.color": INK,
    "axes.titlesize": 11.5, "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.titlepad": 12,
    "axes.labelsize": 9.5, "axes.labelcolor": "#5b6675", "axes.edgecolor": "#c5ccd6", "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True, "grid.color": "#e6e9ee",
    "grid.linewidth": 0.8,
    "xtick.color": "#5b6675", "ytick.color": "#5b6675", "xtick.labelsize": 9, "ytick.labelsize": 9,
    "xtick.major.size": 0, "ytick.major.size": 0, "lines.linewidth": 2, "legend.frameon": False, "legend.fontsize": 9,
    "figure.facecolor": "white", "axes.facecolor": "white", "svg.fonttype": "path", "svg.hashsalt": "runbook",
    "savefig.bbox": "tight", "savefig.pad_inches": 0.12,
}


Draw = TypeVar("Draw", bound=Callable[..., Any])


def _in_house_style(draw: Draw) -> Draw:
    """Draw with our settings, and leave matplotlib's own as they were."""

    @functools.wraps(draw)
    def styled(*values: Any, **options: Any) -> Any:
        import matplotlib

        with matplotlib.rc_context(_rc()):
            return draw(*values, **options)

    return cast(Draw, styled)


@dataclass(frozen=True)
class Bar:
    """One stretch of a timeline, in seconds since the start."""

    label: str
    start_s: float
    seconds: float
    state: str = "passed"


@_in_house_style
def latency_distribution(seconds: Sequence[float], threshold_s: float, *, title: str = "Response times") -> Figure:
    """Histogram of response times with p50, p95, p99 and the threshold for p95. No values: says so."""
    if not seconds:
        return _nothing(title, "No request was measured.")
    times = sorted(value * 1000 for value in seconds)
    limit = threshold_s * 1000
    marks = {f"p{share}": _percentile(times, share) for share in (50, 95, 99)}
    figure, axes = _figure(3.4)
    right = max(marks["p99"] * 1.25, limit * 1.12)
    axes.hist([min(value, right) for value in times], bins=48, range=(0, right), color=BLUE, alpha=0.85)
    axes.set(title=title, xlabel="response time in milliseconds", ylabel="requests", xlim=(0, right))
    axes.grid(axis="x", visible=False)
    top = axes.get_ylim()[1]
    axes.set_ylim(0, top * 1.3)
    for row, (name, value) in enumerate(marks.items()):
        axes.axvline(value, ymax=(1.245 - 0.095 * row) / 1.3, color=INK, linewidth=1.2, linestyle=(0, (2, 2)))
        _tag(axes, value, top * (1.245 - 0.095 * row), f"{name} {value:.0f} ms", right, INK)
    axes.axvline(limit, color=RED, linewidth=1.8)
    _tag(axes, limit, top * 0.9, f"limit for p95: {limit:.0f} ms", right, RED)
    words = ", ".join(f"{name} {value:.0f} ms" for name, value in marks.items())
    beyond = sum(value > limit for value in times)
    told = f"{len(times)} requests: {words}; the limit for p95 is {limit:.0f} ms, {beyond} above it."
    return _described(figure, told)


@_in_house_style
def memory_against_limits(rows: Iterable[tuple[str, float, float | None]], *, alert_percent: float = 90.0,
                          title: str = "Container memory against limits") -> Figure:
    """Horizontal bars of (name, used bytes, limit bytes or None), fullest first, with the alert line in percent."""
    measured = sorted(rows, key=lambda row: (row[1] / row[2]) if row[2] else -1.0)
    if not measured:
        return _nothing(title, "No container was measured.")
    figure, axes = _figure(1.2 + 0.36 * len(measured))
    words = []
    for place, (name, used, limit) in enumerate(measured):
        share = 100 * used / limit if limit else None
        colour = GREY if share is None else RED if share >= alert_percent else BLUE
        axes.barh(place, 100, color="#eef1f5", height=0.62)
        axes.barh(place, min(share or 0.0, 100), color=colour, height=0.62)
        said = f"{_mib(used)}, no limit"
        if limit and share is not None:
            said = f"{_mib(used)} of {_mib(limit)} ({share:.0f} %)"
        axes.text(101.5, place, said, va="center", fontsize=9, color=RED if colour == RED else INK)
        words.append(f"{name} {said}")
    axes.axvline(alert_percent, color=RED, linewidth=1.4, linestyle=(0, (4, 2)))
    axes.text(alert_percent - 0.8, len(measured) - 0.38, f"alert at {alert_percent:g} %", color=RED, fontsize=8.5,
              va="bottom", ha="right")
    axes.set_yticks(range(len(measured)), [name for name, _, _ in measured])
    axes.set(title=title, xlabel="memory in use, percent of the container's limit", xlim=(0, 135),
             ylim=(-0.6, len(measured) - 0.05))
    axes.set_xticks(range(0, 101, 20))
    axes.grid(visible=False)
    return _described(figure, "; ".join(reversed(words)) + ".")


@_in_house_style
def sizes_over_time(rows: Iterable[tuple[datetime, float]], *, title: str = "Backup sizes") -> Figure:
    """A staircase of (UTC time, bytes). It should climb slowly; a drop is marked."""
    points = sorted(rows)
    if not points:
        return _nothing(title, "There is no backup yet.")
    figure, axes = _figure(3.0)
    times = [when for when, _ in points]
    unit, amount = ("MiB", 2**20) if max(size for _, size in points) >= 2**19 else ("KiB", 2**10)
    sizes = [size / amount for _, size in points]
    axes.step(_dates(times), sizes, where="post", color=BLUE)
    axes.plot(_dates(times), sizes, "o", color=BLUE, markersize=5)
    drops = [place for place in range(1, len(sizes)) if sizes[place] < 0.8 * sizes[place - 1]]
    for place in drops:
        axes.plot(_dates(times)[place], sizes[place], "v", color=RED, markersize=9)
        axes.annotate("smaller by a fifth or more", (_dates(times)[place], sizes[place]), xytext=(8, -3),
                      textcoords="offset points", color=RED, fontsize=8.5)
    _time_axis(axes, times)
    axes.set(title=title, ylabel=f"size in {unit}", ylim=(0, max(sizes) * 1.2 or 1))
    told = f"{len(points)} backups from {times[0]:%d %b %Y} to {times[-1]:%d %b %Y}; newest {_mib(points[-1][1])}"
    return _described(figure, f"{told}; {len(drops)} smaller by a fifth or more than the one before.")


@_in_house_style
def recovery_times(rows: Iterable[tuple[datetime, float]], *, title: str = "Time to recover") -> Figure:
    """Points of (UTC time, seconds from a backup to a database that was read). It should grow as slowly as the data."""
    points = sorted(rows)
    if not points:
        return _nothing(title, "No backup was restored yet.")
    figure, axes = _figure(3.0)
    times, seconds = [when for when, _ in points], [took for _, took in points]
    axes.plot(_dates(times), seconds, "o-", color=BLUE, markersize=5)
    _time_axis(axes, times)
    axes.set(title=title, ylabel="seconds", ylim=(0, max(seconds) * 1.25 or 1))
    told = f"{len(points)} drills from {times[0]:%d %b %Y} to {times[-1]:%d %b %Y}: between {min(seconds):.1f} and "
    return _described(figure, f"{told}{max(seconds):.1f} s; the last one took {seconds[-1]:.1f} s.")


@_in_house_style
def timeline(bars: Iterable[Bar], *, title: str = "Steps") -> Figure:
    """When each step ran and for how long, first at the top."""
    rows = list(bars)
    if not rows:
        return _nothing(title, "No step was run.")
    figure, axes = _figure(1.1 + 0.34 * len(rows))
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
    return _described(figure, "; ".join(f"{bar.label}: {bar.state} after {bar.seconds:.1f} s" for bar in rows) + ".")


def error_rate_over_time(rows: Iterable[tuple[datetime, float]], threshold_percent: float, *,
                         moments: Iterable[tuple[datetime, str]] = (), title: str = "Error rate") -> Figure:
    """Percent of failed requests over (UTC time, percent), with the threshold and labelled moments."""
    return metric_over_time(rows, threshold_percent, unit="percent", moments=moments, title=title,
                            label="failed requests in percent")


@_in_house_style
def metric_over_time(rows: Iterable[tuple[datetime, float]], limit: float, *, unit: str,
                     moments: Iterable[tuple[datetime, str]] = (), title: str = "", label: str = "") -> Figure:
    """A value over UTC time with its limit and labelled moments; the time axis spans the moments too."""
    points, marks = sorted(rows), sorted(moments)
    if not points:
        return _nothing(title, "No request was counted.")
    figure, axes = _figure(3.0)
    times, values = [when for when, _ in points], [value for _, value in points]
    axes.plot(_dates(times), values, color=BLUE)
    axes.fill_between(_dates(times), values, color=BLUE, alpha=0.12, linewidth=0)
    short = "%" if unit == "percent" else unit
    top = max(*values, limit) * 1.35 or 1.0
    axes.axhline(limit, color=RED, linewidth=1.6)
    axes.annotate(f"limit {limit:g} {short}", (0.005, limit), xycoords=("axes fraction", "data"),
                  xytext=(0, 4), textcoords="offset points", color=RED, fontsize=9, bbox=_CLEAR)
    moments_too = [*times, *(when for when, _ in marks)]
    begin, end = min(moments_too), max(moments_too)
    for place, (when, name) in enumerate(marks):
        axes.axvline(_dates([when])[0], color=INK, linewidth=1.2, linestyle=(0, (2, 2)))
        # moments can be a second apart: each label stands a line lower than the one before
        late = when > begin + 0.85 * (end - begin)
        axes.annotate(name, (_dates([when])[0], top * (0.94 - 0.11 * place)), xytext=(-4 if late else 4, 0),
                      ha="right" if late else "left", textcoords="offset points", fontsize=9, bbox=_CLEAR)
    _time_axis(axes, sorted(moments_too))
    axes.set(title=title, ylabel=label or unit, ylim=(0, top))
    told = f"Between {min(values):.2g} {short} and {max(values):.2g} {short}; the limit is {limit:g} {short}."
    return _described(figure, told)


@_in_house_style
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


@_in_house_style
def to_png(figure: Figure) -> bytes:
    """The figure as a PNG at twice the report's resolution."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=160)
    return buffer.getvalue()


def _figure(height: float) -> tuple[Figure, Axes]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _rc() -> Any:
    return dict(_STYLE)


def _described(figure: Figure, words: str) -> Figure:
    figure.set_label(words)
    return figure


def _nothing(title: str, words: str) -> Figure:
    """No data is an answer, never an empty chart that looks like a good one."""
    figure, axes = _figure(1.4)
    axes.set_title(title, loc="left")
    axes.set_axis_off()
    axes.text(0, 0.5, words, transform=axes.transAxes, color="#5b6675")
    return _described(figure, words)


def _tag(axes: Axes, at: float, height: float, words: str, right: float, colour: str) -> None:
    """A label beside a vertical line, on the side that has room."""
    left_side = at > right * 0.72
    axes.annotate(words, (at, height), xytext=(-5 if left_side else 5, 0), textcoords="offset points", color=colour,
                  ha="right" if left_side else "left", va="center", fontsize=9, bbox=_CLEAR)


def _percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` percent of the values do not exceed (nearest rank)."""
    rank = -(-len(ordered) * share // 100)
    return ordered[max(0, int(rank) - 1)]


def _dates(times: Sequence[datetime]) -> list[float]:
    """matplotlib's dates: days since 1970 in UTC."""
    return [when.timestamp() / 86_400 for when in times]


def _time_axis(axes: Axes, times: Sequence[datetime]) -> None:
    from matplotlib import dates

    untyped: Any = dates
    locator = untyped.AutoDateLocator(minticks=3, maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(untyped.ConciseDateFormatter(locator))
    axes.set_xlabel("time in UTC")
    if len(set(times)) == 1:
        middle = _dates(times)[0]
        axes.set_xlim(middle - 0.5, middle + 0.5)


def _mib(size_bytes: float) -> str:
    amount = size_bytes / 2**20
    return f"{amount / 1024:.3g} GiB" if amount >= 1000 else f"{amount:.3g} MiB"
