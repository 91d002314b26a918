"""Small multiples of metrics: gaps stay gaps, peaks are kept, marks and values have their words."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from runbook_lib.observability.checks.metric_marks import Mark
from runbook_lib.observability.checks.metrics_review import MetricsReview
from runbook_lib.observability.facts.metric_history import BEFORE, NOW, WEEK_BEFORE, MetricHistory
from runbook_lib.observability.metric_charts import _lanes, _thinned, small_multiples
from runbook_lib.platform.charts import to_svg
from runbook_lib.platform.drawing import to_dates
from runbook_lib.platform.facts.metric_ranges import Values, grid_between
from tests.unit import metrics_doubles
from tests.unit.metrics_doubles import BEGIN, review


def lines(figure: Any) -> list[Any]:
    return [line for axes in figure.axes[1:] for line in axes.get_lines()]


def texts(figure: Any) -> str:
    return "\n".join(text.get_text() for axes in figure.axes for text in axes.texts)


def mark(minute: float, label: str = "v3.2.0", kind: str = "deployment") -> Mark:
    at = BEGIN + timedelta(minutes=minute)
    return Mark(kind, f"{kind} {label}", at, at, label)


def test_a_gap_is_never_bridged() -> None:
    figure = small_multiples(review({"error_rate": [1.0] * 20 + [None] * 20 + [1.0] * 20}))
    drawn = [list(line.get_ydata()) for line in lines(figure) if len(line.get_ydata()) == 60]
    assert any(math.isnan(values[30]) and not math.isnan(values[10]) for values in drawn)


def test_a_peak_of_one_point_in_a_month_is_still_drawn() -> None:
    grid = grid_between(BEGIN, BEGIN + timedelta(days=30))
    values: list[float | None] = [0.0] * len(grid)
    values[5000] = 77.0
    values[200:260] = [None] * 60
    times, drawn = _thinned(Values(values), grid, grid.begin)
    assert max(one for one in drawn if not math.isnan(one)) == 77.0
    assert any(math.isnan(one) for one in drawn)
    assert len(times) == len(drawn) <= 800


def test_a_line_of_a_young_prometheus_goes_up_to_its_last_value() -> None:
    """Of 20 s in six hours two points were drawn: p95 ended at its peak, and `0.123 s` stood next to nothing."""
    grid = grid_between(BEGIN, BEGIN + timedelta(hours=6))
    known = [0.04, 0.23, 0.2, 0.21, 0.17, 0.12]
    values = Values([*[None] * (len(grid) - len(known)), *known])
    times, drawn = _thinned(values, grid, grid.at(len(grid) - len(known) - 1))
    assert drawn[1:] == known
    assert times[-1] == to_dates([grid.end])[0]


@pytest.mark.parametrize("highest", [4.0, 12.3, 30.0])
def test_words_about_a_threshold_hide_no_line(highest: float) -> None:
    figure = small_multiples(review({"cpu_usage": [1.0, highest] * 30}))
    figure.canvas.draw()
    (words,) = (one for axes in figure.axes for one in axes.texts if "threshold" in one.get_text())
    drawn = next(line for line in lines(figure) if line.axes is words.axes and len(line.get_ydata()) > 2)
    assert words.get_zorder() < drawn.get_zorder()
    if "far above" in words.get_text():
        box = words.get_window_extent().transformed(words.axes.transData.inverted())
        assert box.y0 > highest


def test_thresholds_and_last_values_stand_next_to_their_lines() -> None:
    words = texts(small_multiples(review({"error_rate": [4.0] * 60, "cpu_usage": [3.0] * 60})))
    assert "threshold 5 %" in words
    assert "threshold 80 %, far above" in words
    assert "now 4 %" in words


def test_a_series_that_ended_has_a_last_value_and_none_of_now() -> None:
    words = texts(small_multiples(review({"error_rate": [4.0] * 40 + [None] * 20})))
    assert "last 4 %" in words
    assert "now 4 %" not in words


def test_labels_of_marks_never_lie_on_each_other() -> None:
    made = review({}, marks=[mark(minute / 10) for minute in range(8)])
    lanes = list(_lanes(made).values())
    assert len(set(lanes)) == len(lanes)
    apart = review({}, marks=[mark(2), mark(50)])
    assert set(_lanes(apart).values()) == {0}


def test_a_mark_is_a_line_through_every_metric() -> None:
    figure = small_multiples(review({"error_rate": [1.0] * 60}, marks=[mark(30), mark(40, "backup", "backup")]))
    assert "v3.2.0" in texts(figure)
    vertical = [line for line in lines(figure) if len(set(line.get_xdata())) == 1 and len(line.get_xdata()) == 2]
    assert len(vertical) == 4


def test_the_description_has_what_the_picture_shows() -> None:
    words = str(small_multiples(review({"error_rate": [0.0] * 30 + [8.0] * 30}, marks=[mark(28)])).get_label())
    assert "Error rate: 0 % to 8 %" in words
    assert "Error rate rose from 0 % to 8 %" in words
    assert "deployment v3.2.0" in words


@pytest.mark.parametrize("value", [0.0, 1e-12, 1e12, -5.0])
def test_any_constant_can_be_drawn(value: float) -> None:
    assert to_svg(small_multiples(review({"error_rate": [value] * 60}))).startswith("<svg")


def test_no_metric_is_an_answer_too() -> None:
    empty: MetricsReview = replace(review({}), metrics=())
    assert small_multiples(empty).get_label() == "No metric is known."


@pytest.mark.parametrize(("since_min", "begins_min"), [(-600, 0), (0, 0), (40, 39), (1, 0), (90, 0)])
def test_the_axis_begins_shortly_before_the_first_sample_there_is(since_min: float, begins_min: float) -> None:
    """A server that is an hour old would be a thin line at the edge of a day; a window with samples is drawn whole."""
    made = review({"error_rate": [1.0] * 60})
    since = BEGIN + timedelta(minutes=since_min)
    figure = small_multiples(replace(made, window=replace(made.window, data_since=since)))
    begins = to_dates([BEGIN + timedelta(minutes=begins_min)])[0]
    assert figure is not None and figure.axes[1].get_xlim()[0] == pytest.approx(begins, abs=10 / 86_400)


def test_the_date_below_the_axis_and_its_words_do_not_lie_on_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where both earlier windows are drawn, the words reach as far as the date."""
    levels = Values([float(number % 7) for number in range(60)])
    monkeypatch.setattr(metrics_doubles, "history", lambda name, main, _: MetricHistory(name, {one: {main: levels} for one in (NOW, BEFORE, WEEK_BEFORE)}))
    figure = small_multiples(review({"error_rate": []}))
    figure.canvas.draw()
    axis = figure.axes[-1].xaxis
    assert axis.get_offset_text().get_text()
    assert not axis.get_offset_text().get_window_extent().overlaps(axis.label.get_window_extent())
