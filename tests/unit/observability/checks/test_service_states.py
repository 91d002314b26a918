"""Each service as one state: what its container and its own answer say together, and what a fault follows from."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.observability.checks.service_states import ServiceState, service_states, services_work
from tests.unit.observability_doubles import staging, survey

UNANSWERED = {"like": "no answer"}


def state(name: str, changes: dict[str, Any] | None = None, **environment: Any) -> ServiceState:
    return next(one for one in service_states(staging(**environment), survey(changes)) if one.name == name)


def test_all_services_work() -> None:
    assert {one.verdict for one in service_states(staging(), survey())} == {Verdict.PASSED}
    assert state("backend").service == "backend-green"


@pytest.mark.parametrize(("changes", "verdict", "words"), [
    ({"containers.redis.state": "exited", "containers.redis.exit_code": 137}, "failed", "exited (137)"),
    ({"containers.redis.state": "paused"}, "failed", "paused"),
    ({"containers.redis.state": "restarting"}, "failed", "restarting"),
    ({"containers.redis.health": "unhealthy"}, "failed", "unhealthy by its own check"),
    ({"containers.redis.health": "starting"}, "inconclusive", "still starting"),
    ({"containers.redis.oom_killed": True}, "failed", "killed for memory"),
    ({"containers.redis.service": "another"}, "failed", "no container"),
    ({"replies.redis.reply": "down", "replies.redis.words": "-LOADING"}, "failed", "-LOADING; its container is running and healthy all the same"),
    ({"replies.redis.reply": "silent", "replies.redis.words": "no reply within 4 s"}, "inconclusive", "no reply within 4 s"),
    ({"replies.redis.reply": "unknown"}, "inconclusive", "answers"),
    ({"replies.redis.service": "another"}, "inconclusive", "it could not be asked"),
    ({"replies": UNANSWERED}, "inconclusive", "its answer: no answer within 6 s"),
    ({"containers": UNANSWERED}, "inconclusive", "Docker: no answer within 6 s"),
    # at 17:49; it was started at 16:49:19, 60 minutes and no second earlier
    ({"containers.redis.restart_count": 3}, "warning", "restarted 3 times, the last 60 min ago"),
    ({"containers.redis.restart_count": 3, "containers.redis.started_at": "2026-11-20T00:00:00+00:00"}, "passed", "running; healthy; answers in 2 ms"),
])
def test_a_service_is_its_container_and_its_own_answer(changes: dict[str, Any], verdict: str, words: str) -> None:
    found = state("redis", changes)
    assert (found.verdict, found.measured.startswith(words)) == (verdict, True), found.measured
    assert bool(found.advice) == (verdict != "passed")


def test_a_stopped_service_has_one_fault_and_not_a_second_for_not_answering() -> None:
    found = state("redis", {"containers.redis.state": "exited", "replies.redis.reply": "stopped", "replies.redis.words": "no container runs it"})
    assert found.measured == "exited"


def test_what_fails_because_of_another_says_so_and_begins_there() -> None:
    states = {one.name: one for one in service_states(staging(), survey({
        "replies.redis.reply": "silent", "containers.backend-green.health": "unhealthy", "replies.nginx.reply": "down"}))}
    assert states["redis"].causes == ()
    assert states["backend"].causes == states["nginx"].causes == ("redis",)
    assert states["nginx"].advice.startswith("First redis, which it needs; then ask again.")
    assert states["frontend"].causes == ()
    assert states["redis-exporter"].causes == (), "it works: it has no cause to name"


@pytest.mark.parametrize("state", ["exited", "paused", "created"])
def test_what_does_not_run_at_all_is_not_explained_by_what_it_needs(state: str) -> None:
    states = {one.name: one for one in service_states(staging(), survey({
        "containers.redis.state": "exited", "containers.prometheus.state": state, "containers.backend-green.state": "restarting"}))}
    assert states["prometheus"].causes == ()
    assert states["backend"].causes == ("redis",), "it starts again and again, because what it needs is gone"


def test_where_none_could_be_asked_no_service_explains_another() -> None:
    states = service_states(staging(), survey({"containers": UNANSWERED, "replies": UNANSWERED}))
    assert {one.verdict for one in states} == {Verdict.INCONCLUSIVE}
    assert {one.causes for one in states} == {()}


def test_a_service_that_fails_alone_is_its_own_cause() -> None:
    assert state("nginx", {"replies.nginx.reply": "down"}).causes == ()


def test_a_service_that_the_environment_does_without_is_not_applicable() -> None:
    found = state("grafana", {"containers.grafana.service": "another"},
                  services__grafana__required=False, services__grafana__absent_reason="no image here")
    assert (found.verdict, found.measured) == (Verdict.NOT_APPLICABLE, "no image here")


def test_a_service_without_a_probe_is_judged_by_its_container_alone() -> None:
    environment = staging(**{"services.node-exporter.probe": None})
    states = {one.name: one for one in service_states(environment, survey({"replies": UNANSWERED}))}
    assert states["node-exporter"].verdict is Verdict.PASSED


@pytest.mark.parametrize("lost", [{"like": "no answer"}, {"like": "green is live", "live_colour": None}])
def test_where_the_servers_files_are_lost_the_colour_that_runs_is_judged(lost: dict[str, Any]) -> None:
    assert state("backend", {"deployed": lost}).service == "backend-green"


def test_where_nothing_runs_every_service_is_red_and_none_is_forgotten() -> None:
    findings = services_work(service_states(staging(), survey({"containers": [], "replies": [], "deployed": {"like": "green is live", "live_colour": None}})))
    assert {one.verdict for one in findings} == {Verdict.FAILED}
    assert len(findings) == len(staging().services)
    assert all(one.next_step for one in findings)
