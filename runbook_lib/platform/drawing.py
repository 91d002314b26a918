"""The house style of charts: colours, a figure, its axes and its description in words."""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, RED, GREY, INK, GREEN = "#2b6cb0", "#d98200", "#b3232c", "#a3adba", "#2a3442", "#2c7d5b"
PURPLE = "#6b3fa0"
STATE_COLOURS = {"passed": GREEN, "failed": RED, "timed out": RED, "rollback failed": RED, "aborted": RED,
                 "rolled back": ORANGE, "unknown": PURPLE}
CLEAR = {"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.97}  # words over a line stay readable
_WORDS_ALONE = "words-alone"
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
_SIGNS = "_update_set_signature_and_docstring"  # matplotlib's own: a test shows whether it still has that name
Draw = TypeVar("Draw", bound=Callable[..., Any])


def in_house_style(draw: Draw) -> Draw:
    """Draw with our settings, and leave matplotlib's own as they were."""

    @functools.wraps(draw)
    def styled(*values: Any, **options: Any) -> Any:
        with _without_help():
            import matplotlib.figure

        with matplotlib.rc_context(_rc()):
            return draw(*values, **options)

    return cast(Draw, styled)


def load_ahead() -> threading.Thread:
    """Load what draws in the background, and return at once: to be called before questions whose answers take longer.

    It takes a second or two that would pass after the last answer. A chart that is drawn sooner waits for it.
    """
    loading = threading.Thread(target=_load, daemon=True, name="charts")
    loading.start()
    return loading


def _load() -> None:
    with _without_help():
        import matplotlib.backends.backend_agg
        import matplotlib.backends.backend_svg
        import matplotlib.dates
        import matplotlib.figure
        import matplotlib.patches  # noqa: F401  # what is imported is there, whoever has imported it


@contextmanager
def _without_help() -> Iterator[None]:
    """Import matplotlib without putting together what `help` shows of every `set`: a fifth of its start.

    Where no operator asks for help, that is; in JupyterLab all is there.
    """
    if "matplotlib.artist" in sys.modules or "ipykernel" in sys.modules:
        yield
        return
    from matplotlib import artist

    untyped: Any = artist
    signs, words = untyped.Artist.__dict__.get(_SIGNS), untyped.kwdoc
    setattr(untyped.Artist, _SIGNS, classmethod(lambda _: None))
    untyped.kwdoc = lambda _: ""
    try:
        yield
    finally:
        setattr(untyped.Artist, _SIGNS, signs)
        untyped.kwdoc = words


def new_figure(height: float) -> tuple[Figure, Axes]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _rc() -> Any:
    return dict(_STYLE)


def described(figure: Figure, words: str) -> Figure:
    figure.set_label(words)
    return figure


def empty_figure(title: str, words: str) -> Figure:
    """No data is an answer, never an empty chart that looks like a good one."""
    figure, axes = new_figure(1.4)
    axes.set_title(title, loc="left")
    axes.set_axis_off()
    axes.text(0, 0.5, words, transform=axes.transAxes, color="#5b6675")
    figure.set_gid(_WORDS_ALONE)
    return described(figure, words)


def words_alone(figure: object) -> str:
    """The sentence of a figure that shows nothing else; empty for any other: a page needs no picture for it."""
    read = getattr(figure, "get_gid", None)
    return str(figure.get_label()) if read is not None and read() == _WORDS_ALONE else ""  # type: ignore[attr-defined]


def tag(axes: Axes, at: float, height: float, words: str, right: float, colour: str) -> None:
    """A label next to a vertical line, on the side with more space."""
    left_side = at > right * 0.72
    axes.annotate(words, (at, height), xytext=(-5 if left_side else 5, 0), textcoords="offset points", color=colour,
                  ha="right" if left_side else "left", va="center", fontsize=9, bbox=CLEAR)


def to_dates(times: Sequence[datetime]) -> list[float]:
    """matplotlib's dates: days since 1970 in UTC."""
    return [when.timestamp() / 86_400 for when in times]


def time_axis(axes: Axes, times: Sequence[datetime]) -> None:
    from matplotlib import dates

    untyped: Any = dates
    locator = untyped.AutoDateLocator(minticks=3, maxticks=8)
    axes.xaxis.set_major_locator(locator)
    formatter = untyped.ConciseDateFormatter(locator)
    # its own labels of a short axis are bare seconds, with the minute at one tick of many
    formatter.formats[5], formatter.zero_formats[5] = "%H:%M:%S.%f", "%H:%M:%S"
    # and dates as the text next to it writes them, not in a form of its own (2026-Nov-29)
    formatter.zero_formats[3], formatter.offset_formats[2:] = "%d %b", ["%Y-%m", *["%Y-%m-%d"] * 3]
    axes.xaxis.set_major_formatter(formatter)
    axes.set_xlabel("time in UTC")
    if len(set(times)) == 1:
        middle = to_dates(times)[0]
        axes.set_xlim(middle - 0.5, middle + 0.5)
