"""The history of each resource as it is asked: by Prometheus' clock, as far back as it has data, each with a deadline."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runbook_lib.capacity.facts.usage_history import (
    HistoryWindow,
    history_window,
    parse_history,
    usage_history,
    usage_questions,
)
from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import BadParameter, EndpointUnavailable
from runbook_lib.environment.capacity import Resource
from runbook_lib.observability.facts.alert_drills import DrillTime
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.metric_ranges import Values, grid_between
from runbook_lib.platform.facts.metrics_clock import CLOCK, OLDEST, SCRAPES
from tests.unit.observability_doubles import staging

NOW = datetime(2026, 11, 27, 14, 20, tzinfo=UTC)
WINDOW = HistoryWindow(grid_between(NOW - timedelta(days=30), NOW, least_step_s=3600), 365, NOW - timedelta(days=30))
DISK = Resource(title="Disk", unit="%", query="disk", limit=85)


class Prometheus:
    def __init__(self, answer: Callable[[str], Any]) -> None:
        self.answer, self.asked = answer, 0

    def get(self, path: str, **words: str) -> Any:
        self.asked += 1
        return self.answer(words["query"])


def connected(answer: Callable[[str], Any], drills: str = "") -> Any:
    connections: Any = ScriptedConnections(commands={"alert-drills.jsonl": drills})
    connections.prometheus = Prometheus(answer)
    return connections


def scalar(value: float) -> dict[str, Any]:
    return {"resultType": "scalar", "result": [value, str(value)]}


def vector(value: float, **labels: str) -> dict[str, Any]:
    return {"resultType": "vector", "result": [{"metric": labels, "value": [0, str(value)]}]}


def matrix(*values: str) -> dict[str, Any]:
    start = WINDOW.grid.begin.timestamp()
    return {"resultType": "matrix", "result": [{"metric": {}, "values": [[start + 3600 * at, one] for at, one in enumerate(values)]}]}


def asked(answer: Callable[[str], Any], history: str = "365d") -> HistoryWindow:
    return history_window(staging(), history).fetch(connected(answer))


def clocks(since: float) -> Callable[[str], Any]:
    scraped = vector(NOW.timestamp() - 4, job="backend")
    return lambda query: {CLOCK: scalar(NOW.timestamp()), OLDEST: vector(since), SCRAPES: scraped}[query]


def test_the_window_begins_with_the_first_sample_and_has_a_point_an_hour() -> None:
    window = asked(clocks((NOW - timedelta(days=30)).timestamp()))
    assert (window.grid.step_s, window.asked_days) == (3600, 365)
    assert len(window.grid) in (720, 721)
    assert window.grid.end == NOW  # the hour that has begun is all that a new server has


def test_a_shorter_history_than_there_is_can_be_asked_for() -> None:
    assert len(asked(clocks((NOW - timedelta(days=300)).timestamp()), "20d").grid) in (480, 481)


def test_three_years_fit_into_one_reply() -> None:
    window = asked(clocks((NOW - timedelta(days=1500)).timestamp()), "1100d")
    assert len(window.grid) < 11_000
    assert window.grid.step_s > 3600


@pytest.mark.parametrize("since", [float("nan"), float("inf"), 1e300, NOW.timestamp() + 9e5])
def test_an_oldest_sample_that_cannot_be_is_not_known(since: float) -> None:
    window = asked(clocks(since))
    assert window.data_since is None
    assert len(window.grid) in (365 * 24, 365 * 24 + 1)


def test_a_prometheus_that_is_down_is_asked_once() -> None:
    def refuse(query: str) -> Any:
        raise EndpointUnavailable("refused", next_step="40 Health")

    connections = connected(refuse)
    window = history_window(staging()).fetch(connections)
    assert window.unanswered == Unanswered(CLOCK, "refused", "40 Health")
    *histories, server = usage_questions(staging(), window)
    answers = [one.fetch(connections) for one in histories]
    assert server.name == "use of containers, folders and images"
    assert connections.prometheus.asked == 1
    assert {one.values for one in answers} == {window.unanswered}


def test_a_prometheus_that_hangs_is_left_at_the_deadline() -> None:
    hang = threading.Event()
    answer = usage_history("disk", DISK, WINDOW, 0.1).fetch(connected(lambda query: hang.wait(60)))
    hang.set()
    assert isinstance(answer.values, Unanswered)
    assert answer.values.reason == "no answer within 0.1 s"


@pytest.mark.parametrize(("reply", "reason"), [
    ({"resultType": "matrix", "result": []}, "disk gave no series"),
    ({"resultType": "matrix", "result": matrix("1")["result"] * 2}, "disk gave 2 series where one is expected"),
    ({"resultType": "vector", "result": []}, "unknown form"),
    ("<html>", "unknown form"),
    (None, "unknown form"),
])
def test_a_renamed_metric_and_other_replies_are_named(reply: Any, reason: str) -> None:
    answer = usage_history("disk", DISK, WINDOW, 60).fetch(connected(lambda query: reply))
    assert isinstance(answer.values, Unanswered)
    assert reason in answer.values.reason
    assert "capacity.resources.disk.query" in answer.values.next_step


def test_what_is_not_a_number_is_a_gap() -> None:
    answer = usage_history("disk", DISK, WINDOW, 60).fetch(connected(lambda query: matrix("1", "NaN", "+Inf", "4")))
    assert isinstance(answer.values, Values)
    assert answer.values[:4] == (1.0, None, None, 4.0)


def test_an_earlier_end_is_taken_and_one_before_all_data_is_said_to_be() -> None:
    since = NOW - timedelta(days=30)
    early = history_window(staging(), "20d", "2026-11-20T12:00").fetch(connected(clocks(since.timestamp())))
    assert early.grid.end == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert early.grid.begin >= since
    before = history_window(staging(), "20d", "2020-01-01").fetch(connected(clocks(since.timestamp())))
    answer = usage_history("disk", DISK, before, 60).fetch(connected(lambda query: matrix("1")))
    assert isinstance(answer.values, Unanswered)
    assert answer.values.reason == "Prometheus has data since 2026-10-28 14:20 UTC"


@pytest.mark.parametrize("until", ["tomorrow", "2999-01-01", "2026-13-01"])
def test_an_end_that_is_none_or_in_the_future_is_refused(until: str) -> None:
    with pytest.raises(BadParameter, match="until"):
        history_window(staging(), "90d", until)


@pytest.mark.parametrize("text", ["", "7d", "13d", "2000d", "1y", "-90d", "90", "9e9d"])
def test_a_history_that_cannot_be_asked_for_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="history: should be from 14d to 1100d"):
        parse_history(text)


@pytest.mark.parametrize("deadline_s", [0.0, float("nan"), 1e9])
def test_a_deadline_that_is_none_is_refused(deadline_s: float) -> None:
    with pytest.raises(BadParameter, match="deadline_s"):
        history_window(staging(), "90d", "", deadline_s)


RECORD = ('{"format": 1, "at": "2026-11-27T13:10:00+00:00", "run_id": "20261127T130000Z-aaaaaa", "outcome": "done", "message": "", "seconds": '
          '300.0, "undone": true, "for_s": 5, "channels": {}, "provoked": {}, "ended": {}, "not_provoked": {}, "samples": []}\n')


def test_the_window_knows_clock_scrapes_and_the_alert_drills_of_the_server() -> None:
    window = history_window(staging()).fetch(connected(clocks(NOW.timestamp() - 9e5), RECORD))
    assert window.clock_ahead_s == pytest.approx((NOW - datetime.now(UTC)).total_seconds(), abs=60)
    assert list(window.scrapes or ()) == ["backend"]
    assert window.drills == (DrillTime(datetime(2026, 11, 27, 13, 5, tzinfo=UTC), datetime(2026, 11, 27, 13, 10, tzinfo=UTC)),)


def test_of_a_window_that_ended_earlier_the_last_scrape_shows_nothing() -> None:
    window = history_window(staging(), until="2026-11-20T12:00").fetch(connected(clocks(NOW.timestamp() - 9e5)))
    assert window.scrapes is None


def test_a_file_that_names_no_resource_asks_prometheus_nothing() -> None:
    environment = staging()
    none = environment.model_copy(update={"capacity": environment.capacity.model_copy(update={"resources": {}})})
    window = history_window(none).fetch(ScriptedConnections())
    assert window.unanswered is None
    assert [one.name for one in usage_questions(none, window)] == ["use of containers, folders and images"]
