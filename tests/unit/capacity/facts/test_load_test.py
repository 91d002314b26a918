"""What a run may send: as the environment says, within its bounds; and that plan mode asks nothing of a generator."""

from __future__ import annotations

import json
import math

import pytest

from runbook_lib.capacity.facts.load_result import load_result_of
from runbook_lib.capacity.facts.load_test import load_test
from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import BadParameter, FactUnreadable, RunFailed
from tests.unit.capacity.doubles import planned, raw_result, sent
from tests.unit.data_values import environment_with


def test_figures_that_are_not_given_are_the_environments() -> None:
    test = planned()
    assert (test.loads, test.stage_s, test.unit) == ((2.0, 5.0, 8.0), 10.0, "users/s")
    assert (planned("closed").loads, planned("closed").unit) == ((2.0, 5.0, 8.0), "users")


def test_figures_that_are_given_count() -> None:
    assert planned(load=4.0).loads == (4.0, 6.0, 8.0)
    assert planned(load=4.0, limit=6.0, stages=2, stage_s=5.0).loads == (4.0, 6.0)
    assert planned(stages=1).loads == (2.0,)
    assert planned("closed", load=2.0, limit=3.0, stages=9).loads == (2.0, 3.0)  # no half user, none twice


@pytest.mark.parametrize(("given", "name"), [
    ({"load": 9.0}, "load"), ({"load": 0.0}, "load"), ({"load": -1.0}, "load"), ({"load": math.nan}, "load"), ({"load": math.inf}, "load"),
    ({"limit": 9.0}, "limit"), ({"limit": 1.0}, "limit"), ({"limit": math.nan}, "limit"), ({"stages": 0}, "stages"), ({"stages": 21}, "stages"),
    ({"stage_s": 1.0}, "stage_s"), ({"stage_s": math.nan}, "stage_s"), ({"stages": 20, "stage_s": 600.0}, "stage_s"),
    ({"model": "half-open"}, "model"), ({"model": "closed", "load": 2.5}, "load"),
])
def test_what_is_beyond_the_bounds_is_refused_by_name(given: dict[str, float], name: str) -> None:
    with pytest.raises(BadParameter, match=f"^{name}: should be"):
        planned(**{"model": "open"} | given)  # type: ignore[arg-type]


def test_an_environment_that_is_no_target_has_nothing_to_send() -> None:
    test = load_test(environment_with({"load_test.target": "other"}))
    assert (test.bounds, test.loads) == (None, ())
    assert "does not name itself" in test.table["load test"]
    assert (test.stage_rows, test.step_rows) == (({"stages": "no load was sent"},), ({"requests": "no load was sent"},))


def test_the_table_says_which_model_and_what_is_left() -> None:
    assert "whether or not earlier ones have been answered" in planned().table["model"]
    assert "each waits for its replies" in planned("closed").table["model"]
    assert planned().table["load"] == "2 → 5 → 8 users/s, 10 s each"
    assert [planned().amount(load) for load in (1, 2.5, 0.5)] == ["1 user/s", "2.5 users/s", "0.5 users/s"]
    assert planned().table["a user"].startswith("17 requests: open the page, register")


def test_the_load_begins_once_and_is_asked_until_it_ends() -> None:
    test, connections = planned(), ScriptedConnections(load=[None, None, raw_result()])
    first, second, third = (test.send().fetch(connections) for _ in range(3))
    assert [one.ended for one in (first, second, third)] == [False, False, True]
    assert len(connections.load.started) == 1
    assert connections.load.started[0]["loads"] == [2.0, 5.0, 8.0]
    assert str(first) == "1 s, stage 1 at 1: 10 requests, 0 errors, p95 100 ms"
    assert test.result is not None
    assert [row["load (users/s)"] for row in test.stage_rows] == ["2", "5", "8"]


def test_a_generator_that_died_ends_it_with_its_reason() -> None:
    test, connections = planned(), ScriptedConnections(load=[RunFailed("it died", where="", next_step="")])
    progress = test.send().fetch(connections)
    assert (progress.ended, progress.lost) == (True, "it died")


def test_a_stop_takes_the_result_that_there_is() -> None:
    test, connections = planned(), ScriptedConnections(load=[raw_result(ended="stopped")])
    test.stop().fetch(connections)
    assert connections.load.ended == 1
    assert test.result is not None
    assert test.result.ended == "stopped"


def test_containers_that_do_not_answer_are_missing_and_no_error() -> None:
    from runbook_lib.core.errors import DockerUnavailable

    connections = ScriptedConnections(commands={"container use": DockerUnavailable("no engine", where="", next_step="")})
    assert planned().watch_use().fetch(connections) == 0


def test_the_evidence_is_bounded_and_comes_back() -> None:
    text = sent().evidence()
    data = json.loads(text)
    assert load_result_of(data["result"]) == sent().result
    assert len(data["containers"]["backend-blue"]) == 16
    assert json.loads(planned().evidence())["result"] is None


def test_another_flow_has_another_mark() -> None:
    other = load_test(environment_with({"load_test.flow": [{"name": "read", "path": "/"}]}))
    assert other.flow_mark != planned().flow_mark


@pytest.mark.parametrize("wrong", [{}, {"ended": "limit"}, raw_result() | {"stages": [{}]}, raw_result() | {"seconds": [[]]},
                                   raw_result() | {"left_count": "none"}])
def test_what_is_no_result_is_unreadable(wrong: dict[str, object]) -> None:
    with pytest.raises(FactUnreadable):
        load_result_of(wrong)
