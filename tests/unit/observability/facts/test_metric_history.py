"""The window and its metrics as they are asked: by Prometheus' clock, with deadlines, and with what is missing named."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import BadParameter, EndpointUnavailable, FactUnreadable
from runbook_lib.observability.facts.metric_history import (
    BEFORE,
    NOW,
    WEEK_BEFORE,
    MetricsWindow,
    alert_periods,
    metric_history,
    metrics_questions,
    metrics_window,
    parse_window,
)
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.metric_ranges import Values, grid_between
from runbook_lib.platform.facts.metrics_clock import CLOCK, OLDEST, SCRAPES
from tests.unit.observability_doubles import staging

NO_DRILL = {"alert-drills.jsonl": ""}
END = datetime(2026, 11, 27, 14, tzinfo=UTC)
WINDOW = MetricsWindow(grid_between(END - timedelta(minutes=10), END), 0.1, END - timedelta(days=20))


def scalar(value: float) -> dict[str, Any]:
    return {"resultType": "scalar", "result": [value, str(value)]}


def vector(*values: float) -> dict[str, Any]:
    return {"resultType": "vector", "result": [{"metric": {}, "value": [0, str(one)]} for one in values]}


def matrix(*values: float | str, name: str = "", begin: datetime | None = None) -> dict[str, Any]:
    start = (begin or WINDOW.grid.begin).timestamp()
    points = [[start + 5 * place, str(value)] for place, value in enumerate(values)]
    return {"resultType": "matrix", "result": [{"metric": {"alertname": name} if name else {}, "values": points}]}


class ByTime:
    """A Prometheus that answers each range query as a function of its query and its start says."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.asked = answer, 0

    def get(self, path: str, **words: str) -> Any:
        self.asked += 1
        return self.answer(words["query"], datetime.fromtimestamp(float(words.get("start", 0)), UTC))


def connected(answer: Any) -> Any:
    connections: Any = ScriptedConnections()
    connections.prometheus = ByTime(answer)
    return connections


@pytest.mark.parametrize(("text", "length"), [
    ("5m", timedelta(minutes=5)), ("90m", timedelta(minutes=90)), (" 6h ", timedelta(hours=6)), ("30d", timedelta(days=30)),
])
def test_a_window_is_five_minutes_to_thirty_days(text: str, length: timedelta) -> None:
    assert parse_window(text) == length


@pytest.mark.parametrize("text", ["", "4m", "31d", "721h", "6", "h", "-6h", "6 h", "1.5h", "999999d", "6w", "٦h", "6h; up"])
def test_another_window_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="window: should be from 5m to 30d"):
        parse_window(text)


@pytest.mark.parametrize("deadline_s", [0.5, float("nan"), 1e9, -1])
def test_a_deadline_that_is_not_one_is_refused(deadline_s: float) -> None:
    with pytest.raises(BadParameter, match="deadline_s"):
        metrics_window(staging(), "6h", "", deadline_s)


def test_the_window_ends_at_prometheus_own_time_and_its_skew_is_known() -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    queries = {CLOCK: scalar(ahead.timestamp()), OLDEST: vector(ahead.timestamp() - 86_400), SCRAPES: vector(ahead.timestamp() - 2)}
    found = metrics_window(staging(), "1h").fetch(ScriptedConnections(queries=queries, commands=NO_DRILL))
    assert abs(found.grid.end - ahead) <= timedelta(seconds=5)
    assert found.clock_ahead_s == pytest.approx(3600, abs=60)
    assert [round((ahead - at).total_seconds()) for at in (found.scrapes or {}).values()] == [2]
    assert found.data_since is not None
    assert found.data_since.timestamp() == pytest.approx(ahead.timestamp() - 86_400)


@pytest.mark.parametrize("oldest", [vector(), vector(9.2e15), vector(float("nan")), FactUnreadable("refused"), {"resultType": "matrix"}])
def test_a_prometheus_that_does_not_say_since_when_it_has_data(oldest: Any) -> None:
    queries = {CLOCK: scalar(datetime.now(UTC).timestamp()), OLDEST: oldest, SCRAPES: vector()}
    assert metrics_window(staging(), "1h").fetch(ScriptedConnections(queries=queries, commands=NO_DRILL)).data_since is None


def test_a_prometheus_that_does_not_answer_leaves_a_window_and_its_reason() -> None:
    down = ScriptedConnections(commands=NO_DRILL, queries={CLOCK: EndpointUnavailable("Prometheus is not reachable")})
    found = metrics_window(staging(), "1h", "2026-11-27T12:00").fetch(down)
    assert found.unanswered is not None
    assert "not reachable" in found.unanswered.reason
    assert found.grid.end == datetime(2026, 11, 27, 12, tzinfo=UTC)


def test_the_window_is_compared_with_the_one_before_and_the_same_weekday() -> None:
    grids = WINDOW.grids
    assert grids[BEFORE].end == WINDOW.grid.begin
    assert grids[WEEK_BEFORE].begin == WINDOW.grid.begin - timedelta(days=7)


def test_windows_without_history_and_windows_longer_than_a_week_are_impossible() -> None:
    young = MetricsWindow(WINDOW.grid, 0.0, WINDOW.grid.begin + timedelta(minutes=1))
    assert young.impossible(BEFORE) == "Prometheus has data since 2026-11-27 13:51 UTC"
    assert young.impossible(NOW) == ""
    month = MetricsWindow(grid_between(END - timedelta(days=30), END), 0.0, None)
    assert "longer than a week" in month.impossible(WEEK_BEFORE)
    assert month.impossible(BEFORE) == ""


def test_a_metric_has_all_lines_now_and_the_judged_one_before() -> None:
    found = metric_history("response_time", staging().metrics["response_time"], WINDOW, 60).fetch(
        connected(lambda query, start: matrix(0.5 if "0.95" in query else 0.1, begin=start)))
    assert list(found.windows[NOW]) == ["p50", "p95", "p99"]
    assert list(found.windows[WEEK_BEFORE]) == ["p95"]
    assert str(found.windows[NOW]["p95"]) == "1 of 121 points, 0.5 to 0.5"


def test_a_metric_that_was_renamed_names_its_query_and_keeps_the_rest() -> None:
    def answer(query: str, start: datetime) -> Any:
        return {"resultType": "matrix", "result": []} if "0.95" in query else matrix(0.1, begin=start)

    found = metric_history("response_time", staging().metrics["response_time"], WINDOW, 60).fetch(connected(answer))
    p95 = found.windows[NOW]["p95"]
    assert isinstance(p95, Unanswered)
    assert p95.reason == 'gw2:response_time:seconds{quantile="0.95"} gave no series'
    assert isinstance(found.windows[NOW]["p50"], Values)


@pytest.mark.parametrize("fault", [
    EndpointUnavailable("Prometheus gave no usable reply (timed out)."), FactUnreadable("The reply is not Prometheus's (HTTP 302)."),
    FactUnreadable("The reply is not Prometheus's (HTTP 502)."),
])
def test_whatever_prometheus_answers_no_metric_ends_the_run(fault: Exception) -> None:
    def answer(query: str, start: datetime) -> Any:
        raise fault

    found = metric_history("error_rate", staging().metrics["error_rate"], WINDOW, 60).fetch(connected(answer))
    assert {str(one.reason) for lines in found.windows.values() for one in lines.values() if isinstance(one, Unanswered)} == {
        fault.what.rstrip('.')}  # type: ignore[attr-defined]


def test_a_slow_prometheus_costs_its_deadline_once_and_not_for_each_query() -> None:
    release = threading.Event()

    def answer(query: str, start: datetime) -> Any:
        release.wait(60)
        return matrix(1, begin=start)

    found = metric_history("error_rate", staging().metrics["error_rate"], WINDOW, 0.3).fetch(connected(answer))
    release.set()
    reasons = [one.reason for lines in found.windows.values() for one in lines.values() if isinstance(one, Unanswered)]
    assert len(reasons) == 3
    assert all("no answer within" in one for one in reasons)


def test_after_no_answer_at_all_nothing_is_asked_once_more() -> None:
    dead = MetricsWindow(WINDOW.grid, None, None, Unanswered("clock", "refused"))
    connections = connected(lambda query, start: matrix(1, begin=start))
    found = metric_history("cache_hits", staging().metrics["cache_hits"], dead, 60).fetch(connections)
    assert connections.prometheus.asked == 0
    assert found.activity == Unanswered("clock", "refused")
    with pytest.raises(FactUnreadable, match="refused"):
        alert_periods(dead).fetch(connections)


def test_alerts_are_periods_and_gaps_end_them() -> None:
    found = alert_periods(WINDOW).fetch(ScriptedConnections(queries={"ALERTS": matrix(1, 1, "NaN", 1, name="ErrorRateHigh")}))
    begin = WINDOW.grid.begin
    assert [(one.name, (one.begin - begin).seconds, (one.end - begin).seconds) for one in found] == [
        ("ErrorRateHigh", 0, 5), ("ErrorRateHigh", 15, 15)]


def test_an_alert_of_a_drill_is_told_from_a_real_one_of_its_name_by_its_label() -> None:
    both = matrix(1, 1, name="ErrorRateHigh")
    both["result"] += [{**both["result"][0], "metric": {"alertname": "ErrorRateHigh", "drill": "20261129T000207Z-4a168d"}}]
    connections = ScriptedConnections(queries={"max by (alertname, drill)": both})
    assert [one.drill for one in alert_periods(WINDOW).fetch(connections)] == [False, True]


def test_what_the_application_lacks_is_not_asked_for() -> None:
    lacking = staging(metrics__cache_hits__absent_reason="no cache")
    names = [one.name for one in metrics_questions(lacking, WINDOW)]
    assert "metric cache_hits" not in names
    assert names[-3:] == ["deployed state", "backups", "alerts"]
    assert len(names) == 10
