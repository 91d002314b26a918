"""The picture of a load test: five axes over one time, words for who cannot see it, and no empty axes without data."""

from __future__ import annotations

from datetime import UTC, datetime

from runbook_lib.capacity.facts.earlier_load_tests import earlier_load_tests
from runbook_lib.capacity.load_charts import load_over_time, load_trend
from runbook_lib.platform.charts import to_svg
from tests.unit.capacity.doubles import SLOW, planned, sent


def test_all_is_drawn_on_one_time_axis() -> None:
    figure = load_over_time(sent(errors=2, ended="knee: p95 reached 500 ms", time=SLOW))
    assert len(figure.axes) == 5
    assert len({axes.get_xlim() for axes in figure.axes}) == 1
    assert [axes.get_ylabel().partition("\n")[0] for axes in figure.axes] == ["requests/s", "ms", "errors/s", "CPU", "memory"]
    words = str(figure.get_label())
    assert "2 users/s: 34.0 replies a second" in words
    assert words.endswith("Ended: knee: p95 reached 500 ms.")
    assert "backend-blue" in [text.get_text() for text in figure.axes[3].get_legend().get_texts()]
    assert "<svg" in to_svg(figure)


def test_nothing_sent_is_said_and_not_drawn() -> None:
    assert str(load_over_time(planned()).get_label()) == "No load was sent."


def test_containers_that_did_not_answer_are_said() -> None:
    test = sent()
    test.samples = []
    assert [text.get_text() for text in load_over_time(test).axes[3].texts] == ["no sample"]


def test_the_trend_has_a_point_a_test() -> None:
    earlier = earlier_load_tests([(datetime(2026, 9, day, tzinfo=UTC), str(day), sent().evidence()) for day in (1, 8, 15)])
    figure = load_trend(sent(), earlier)
    assert len(list(figure.axes[0].lines[0].get_xdata())) == 4  # type: ignore[arg-type]
    assert str(load_trend(sent(), ()).get_label()).startswith("1 test, the last")
    assert str(load_trend(planned(), ()).get_label()) == "There is no earlier load test at this load."
