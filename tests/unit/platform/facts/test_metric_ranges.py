"""Range queries: a grid that Prometheus accepts, values in their places, and gaps that stay gaps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runbook_lib.archive.records import plain
from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import EndpointUnavailable, FactUnreadable
from runbook_lib.platform.facts.metric_ranges import (
    MOST_POINTS,
    Grid,
    Values,
    grid_between,
    parse_ranges,
    range_query,
    single_range,
)

BEGIN = datetime(2026, 11, 27, 12, tzinfo=UTC)
GRID = Grid(BEGIN, BEGIN + timedelta(seconds=40), 10)


def matrix(*series: list[tuple[float, str]], labels: tuple[dict[str, str], ...] = ()) -> dict[str, Any]:
    named = labels or tuple({"instance": f"h{number}"} for number in range(len(series)))
    return {"resultType": "matrix", "result": [
        {"metric": label, "values": [[BEGIN.timestamp() + at, text] for at, text in points]}
        for label, points in zip(named, series, strict=True)]}


@pytest.mark.parametrize(("span", "step_s"), [
    (timedelta(minutes=5), 5), (timedelta(hours=6), 5), (timedelta(days=1), 10), (timedelta(days=7), 60), (timedelta(days=30), 300),
])
def test_the_step_keeps_a_series_below_what_prometheus_refuses(span: timedelta, step_s: int) -> None:
    grid = grid_between(BEGIN, BEGIN + span)
    assert grid.step_s == step_s
    assert len(grid) <= MOST_POINTS
    assert grid.begin.timestamp() % step_s == 0


@pytest.mark.parametrize("most", [2, 10, 1000])
@pytest.mark.parametrize("seconds", [1, 7, 299, 3601, 86_400 * 400])
def test_a_grid_lies_in_its_span_and_has_no_more_points_than_allowed(most: int, seconds: int) -> None:
    begin = BEGIN + timedelta(seconds=0.3)
    grid = grid_between(begin, begin + timedelta(seconds=seconds), most_points=most)
    assert 1 <= len(grid) <= most
    assert grid.begin >= begin
    assert len(list(grid)) == len(grid)


def test_what_is_asked() -> None:
    asked: list[dict[str, str]] = []

    class Recording:
        def get(self, path: str, **words: str) -> Any:
            asked.append({"path": path, **words})
            return matrix()

    connections: Any = ScriptedConnections()
    connections.prometheus = Recording()
    assert range_query("up", GRID, timeout_s=5.2).fetch(connections) == ()
    assert asked == [{"path": "query_range", "query": "up", "start": "1795780800", "end": "1795780840", "step": "10", "timeout": "6s"}]


def test_no_sample_no_number_and_infinity_are_gaps() -> None:
    (series,) = parse_ranges(matrix([(0, "1.5"), (20, "NaN"), (30, "+Inf"), (40, "2")]), GRID, "x")
    assert list(series.values) == [1.5, None, None, None, 2.0]


def test_points_in_any_order_and_twice_are_put_in_their_places() -> None:
    (series,) = parse_ranges(matrix([(40, "4"), (0, "1"), (0, "2")]), GRID, "x")
    assert list(series.values) == [2.0, None, None, None, 4.0]


def test_an_answer_about_another_time_is_refused() -> None:
    with pytest.raises(FactUnreadable, match="outside the span"):
        parse_ranges(matrix([(-3600, "1"), (3600, "2")]), GRID, "x")


@pytest.mark.parametrize("data", [
    None, [], "", {}, {"resultType": "vector", "result": []}, {"resultType": "matrix"}, {"resultType": "matrix", "result": [{}]},
    {"resultType": "matrix", "result": [{"metric": {}, "values": [[1, "x"]]}]},
    {"resultType": "matrix", "result": [{"metric": {}, "values": [["NaN", "1"]]}]},
    {"resultType": "matrix", "result": [{"metric": {}, "values": [[1e400, "1"]]}]},
    {"resultType": "matrix", "result": [{"metric": {}, "values": [1]}]},
    {"resultType": "matrix", "result": [{"metric": 3, "values": []}]},
])
def test_a_reply_of_another_form_is_unreadable_and_names_the_query(data: Any) -> None:
    with pytest.raises(FactUnreadable, match="my_query"):
        parse_ranges(data, GRID, "my_query")


def test_one_series_is_expected_and_none_or_several_name_the_query() -> None:
    found = single_range("up", GRID).fetch(ScriptedConnections(queries={"up": matrix([(0, "1")])}))
    assert found[0] == 1.0
    with pytest.raises(FactUnreadable, match="up gave no series"):
        single_range("up", GRID).fetch(ScriptedConnections(queries={"up": matrix()}))
    with pytest.raises(FactUnreadable, match=r'up gave 2 series where one is expected: \{instance="h0"\}, \{instance="h1"\}'):
        single_range("up", GRID).fetch(ScriptedConnections(queries={"up": matrix([(0, "1")], [(0, "2")])}))


def test_prometheus_out_of_reach_stays_what_it_is() -> None:
    with pytest.raises(EndpointUnavailable, match="refused"):
        single_range("up", GRID).fetch(ScriptedConnections(queries={"up": EndpointUnavailable("refused")}))


def test_values_are_recorded_as_a_summary() -> None:
    assert plain({"p95": Values([1.0, None, 0.25])}) == {"p95": "2 of 3 points, 0.25 to 1"}
    assert str(Values([None, None])) == "none of 2 points"
    assert Values([1.0])[0:1] == (1.0,)
    assert hash(Values([1.0])) == hash(Values([1.0]))


def test_a_moved_and_a_thinned_grid() -> None:
    assert GRID.moved(-3600).begin == BEGIN - timedelta(hours=1)
    day = grid_between(BEGIN, BEGIN + timedelta(days=1))
    assert len(day.thinned(1000)) <= 1000
    assert (day.thinned(1000).begin - day.begin).total_seconds() < day.thinned(1000).step_s
