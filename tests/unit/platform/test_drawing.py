"""The house style of charts: it is not left behind, and what a chart shows is in its words too."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import matplotlib
import pytest

from runbook_lib.platform.drawing import (
    INK,
    WIDTH,
    described,
    empty_figure,
    in_house_style,
    new_figure,
    tag,
    time_axis,
    to_dates,
    words_alone,
)

START = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_chart_is_drawn_in_the_house_style_and_matplotlibs_own_is_left_as_it_was() -> None:
    before = dict(matplotlib.rcParams)

    @in_house_style
    def drawn(size: int) -> tuple[object, object]:
        return matplotlib.rcParams["text.color"], size

    assert drawn(3) == (INK, 3)
    assert before["text.color"] != INK
    assert dict(matplotlib.rcParams) == before


def test_the_style_is_left_also_by_a_chart_that_fails() -> None:
    @in_house_style
    def broken() -> None:
        raise ValueError("no data")

    before = dict(matplotlib.rcParams)
    with pytest.raises(ValueError, match="no data"):
        broken()
    assert dict(matplotlib.rcParams) == before


def test_a_figure_is_as_wide_as_a_reports_column_and_needs_no_screen() -> None:
    figure, axes = new_figure(2.5)
    assert tuple(figure.get_size_inches()) == (WIDTH, 2.5)
    assert axes.figure is figure
    assert type(figure.canvas).__name__ == "FigureCanvasAgg"


def test_no_data_is_said_in_the_figure_and_in_its_description() -> None:
    figure = empty_figure("Sizes", "There is no backup.")
    (axes,) = figure.axes
    assert axes.get_title(loc="left") == "Sizes"
    assert [text.get_text() for text in axes.texts] == ["There is no backup."]
    assert figure.get_label() == "There is no backup."
    assert not axes.axison
    assert words_alone(figure) == "There is no backup."


def test_a_figure_with_something_in_it_is_not_words_alone() -> None:
    assert words_alone(described(new_figure(1)[0], "3 backups")) == ""
    assert words_alone(b"a picture") == ""


def test_a_description_is_what_a_screen_reader_gets() -> None:
    assert described(new_figure(1)[0], "3 backups").get_label() == "3 backups"


@pytest.mark.parametrize(("at", "side"), [(10, "left"), (71, "left"), (73, "right"), (100, "right")])
def test_a_label_next_to_a_line_is_on_the_side_with_more_space(at: float, side: str) -> None:
    _, axes = new_figure(1)
    tag(axes, at, 1.0, "switch", right=100, colour=INK)
    (label,) = axes.texts
    assert (label.get_text(), label.get_horizontalalignment()) == ("switch", side)


def test_times_become_days_since_1970_in_utc_whatever_their_zone() -> None:
    tomorrow = START.astimezone(timezone(timedelta(hours=5, minutes=30))) + timedelta(days=1)
    first, second = to_dates([START, tomorrow])
    assert datetime.fromtimestamp(first * 86_400, UTC) == START
    assert second - first == 1.0


def test_the_axis_of_time_names_its_zone() -> None:
    _, axes = new_figure(2)
    time_axis(axes, [START, START + timedelta(hours=2)])
    assert axes.get_xlabel() == "time in UTC"


def test_every_tick_of_a_short_axis_has_its_minute() -> None:
    figure, axes = new_figure(2)
    begin = datetime(2026, 11, 28, 6, 43, 41, tzinfo=UTC)
    axes.plot(to_dates([begin, begin + timedelta(seconds=28)]), [0, 1])
    time_axis(axes, [begin, begin + timedelta(seconds=28)])
    figure.canvas.draw()
    labels = [one.get_text() for one in axes.get_xticklabels()]
    assert "06:44:00" in labels
    assert all(re.fullmatch(r"06:4[34]:\d\d", one) for one in labels), labels


def test_a_single_moment_is_in_the_middle_of_a_day_and_not_of_an_axis_without_width() -> None:
    for moments in ([START], [START, START]):
        _, axes = new_figure(2)
        time_axis(axes, moments)
        left, right = axes.get_xlim()
        assert (left + right) / 2 == pytest.approx(to_dates([START])[0])
        assert right - left == pytest.approx(1.0)


def test_what_draws_is_loaded_while_something_else_is_waited_for() -> None:
    probe = ("import sys; from runbook_lib.platform import drawing; assert 'matplotlib' not in sys.modules; "
             "drawing.load_ahead().join(); print('matplotlib.backends.backend_agg' in sys.modules)")
    done = subprocess.run((sys.executable, "-c", probe), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


HELP = """import inspect, sys
{before}
from runbook_lib.platform import charts, drawing
svg = charts.to_svg(drawing.in_house_style(drawing.empty_figure)("Title", "Words."))
import hashlib
from matplotlib import artist, figure
class Own(artist.Artist): pass
print(*(len(inspect.signature(one.set).parameters) > 5 for one in (figure.Figure, Own)), bool(artist.kwdoc(Own)),
      hashlib.sha256(svg.encode()).hexdigest())"""


def drawn(before: str) -> list[str]:
    done = subprocess.run((sys.executable, "-c", HELP.format(before=before)), capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_help_is_put_together_only_in_jupyterlab_and_the_chart_is_the_same() -> None:
    """It takes a fifth of the time in which what draws is loaded; a cell's own classes have theirs."""
    headless, in_jupyterlab = drawn(""), drawn("sys.modules['ipykernel'] = sys")
    assert headless[:3] == ["False", "True", "True"]
    assert in_jupyterlab[:3] == ["True", "True", "True"]
    assert headless[3] == in_jupyterlab[3]
