"""Each service as one state: what its container and its own answer say together, and what a fault follows from."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.observability.checks.service_states import (
    ServiceState,
    connections_are_real,
    service_states,
    services_work,
)
from runbook_lib.observability.facts.service_replies import Reply, ServiceReply
from tests.unit.observability_doubles import both_colours, container, staging, survey

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
    ({"replies.redis.reply": "refused", "replies.redis.words": "NOAUTH"}, "inconclusive", "NOAUTH"),
    ({"replies.redis.reply": "unknown"}, "inconclusive", "answers"),
    ({"replies.redis.service": "another"}, "inconclusive", "it could not be asked"),
    ({"replies": UNANSWERED}, "inconclusive", "its answer: no answer within 6 s"),
    ({"containers": UNANSWERED}, "inconclusive", "Docker: no answer within 6 s"),
    # at 17:49; it was started at 16:49:19, 60 minutes and no second earlier
    ({"containers.redis.restart_count": 3}, "warning", "restarted 3 times, the last 60 min ago"),
    ({"containers.redis.restart_count": 3, "containers.redis.started_at": "2026-11-20T00:00:00+00:00"}, "passed", "running; healthy; answers in 2 ms"),
    ({"replies.redis.seconds": 0.0004}, "passed", "running; healthy; answers in less than 1 ms"),
])
def test_a_service_is_its_container_and_its_own_answer(changes: dict[str, Any], verdict: str, words: str) -> None:
    found = state("redis", changes)
    assert (found.verdict, found.measured.startswith(words)) == (verdict, True), found.measured
    assert bool(found.advice) == (verdict != "passed")


@pytest.mark.parametrize(("is_state", "command"), [("exited", "docker start"), ("paused", "docker unpause"), ("restarting", "docker logs")])
def test_the_advice_can_be_typed_in_the_state_that_it_is_for(is_state: str, command: str) -> None:
    """`docker start` refuses a paused container, and does nothing to one that starts again and again."""
    assert re.findall(r"docker (?:start|unpause|logs)", state("redis", {"containers.redis.state": is_state}).advice)[-1] == command


@pytest.mark.parametrize("service", ["redis", "postgres", "backend-green", "nginx"])
def test_an_answer_that_takes_long_is_a_warning_with_the_figure(service: str) -> None:
    """A PONG after 3 s was green."""
    name = service.removesuffix("-green")
    found = state(name, {f"replies.{service}.seconds": 3.021})
    assert (found.verdict, found.measured.startswith("slow: answers after 3021 ms; running")) == (Verdict.WARNING, True), found.measured
    assert found.advice.startswith("41 Metrics review shows since when it is slow")
    assert state(name, {f"replies.{service}.seconds": 3.021}, health__slow_ms=5000).verdict is Verdict.PASSED
    # the container's own fault comes first, and a slow answer of another service explains nothing
    assert state(name, {f"replies.{service}.seconds": 3.021, f"containers.{service}.health": "unhealthy"}).verdict is Verdict.FAILED


def test_one_that_does_not_let_the_probe_in_is_not_to_be_restarted() -> None:
    """Redis with users alone, or behind TLS with certificates of clients: it was called down."""
    advice = state("redis", {"replies.redis.reply": "refused", "replies.redis.words": "NOAUTH"}).advice
    assert "`user`" in advice and "restart" not in advice


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


NOT_KNOWN = "which colour has the traffic is not known"


def test_where_both_colours_run_and_none_is_named_a_coloured_service_is_not_known() -> None:
    states = {one.name: one for one in service_states(staging(), both_colours())}
    for name in ("backend", "frontend"):
        assert (states[name].verdict, states[name].measured, states[name].service) == (Verdict.INCONCLUSIVE, NOT_KNOWN, name)
        assert "active.conf" in states[name].advice
        assert "20 Deploy" not in states[name].advice
    assert {one.verdict for name, one in states.items() if name not in ("backend", "frontend")} == {Verdict.PASSED}


@pytest.mark.parametrize("changes", [
    {"replies.backend-green.reply": "down"}, {"containers.backend-green.health": "unhealthy"},
    # half of each colour runs: neither is whole, and one of them has the traffic
    {"containers.backend-green.service": "another"}, {"containers.frontend-green.state": "exited"},
])
def test_a_colour_that_fails_may_be_the_one_without_traffic(changes: dict[str, Any]) -> None:
    states = {one.name: one for one in service_states(staging(), both_colours(changes))}
    assert {states[name].verdict for name in ("backend", "frontend")} == {Verdict.INCONCLUSIVE}
    assert all(states[name].measured.startswith(NOT_KNOWN) for name in ("backend", "frontend"))


def test_where_both_colours_fail_the_one_with_the_traffic_fails_too() -> None:
    seen = both_colours({"replies.backend-green.reply": "down", "replies.backend-green.words": "answers 503"})
    assert isinstance(seen.replies, tuple)
    down = tuple(replace(one, reply=Reply.DOWN) if one.service == "backend-blue" else one for one in seen.replies)
    states = {one.name: one for one in service_states(staging(), replace(seen, replies=down))}
    assert states["backend"].verdict is Verdict.FAILED
    assert "backend-blue: answers" in states["backend"].measured
    assert "backend-green: answers 503" in states["backend"].measured
    assert states["frontend"].verdict is Verdict.INCONCLUSIVE


def test_without_the_engine_and_the_colour_the_engine_is_what_is_missing() -> None:
    found = state("backend", {"containers": UNANSWERED, "deployed": UNANSWERED})
    assert (found.verdict, found.measured) == (Verdict.INCONCLUSIVE, f"Docker: no answer within 6 s; {NOT_KNOWN}")


def test_a_connection_of_a_colour_that_is_not_known_is_not_known() -> None:
    found = connections_are_real(staging(), both_colours())
    assert {(one.verdict, one.measured) for one in found} == {(Verdict.INCONCLUSIVE, NOT_KNOWN)}
    lost = {"question": "containers", "reason": "refused", "next_step": "Check the address and port."}
    without = connections_are_real(staging(), survey({"containers": lost, "deployed": lost}))
    assert {one.next_step for one in without} == {"Check the address and port."}, "no file can be read there"


REPLICA = {"service": "redis"}


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(("second", "verdict", "words"), [
    # an interrupted recreation leaves containers that do not run: one that runs does the work
    ({"state": "exited", "exit_code": 137}, "passed", "running; healthy; answers"),
    ({"state": "created", "health": None}, "passed", "running; healthy; answers"),
    ({"state": "exited", "oom_killed": True}, "passed", "running; healthy; answers"),
    ({}, "passed", "running; healthy; answers"),
    ({"health": "unhealthy"}, "failed", "gw2-staging-redis-2 unhealthy by its own check"),
    ({"health": "starting"}, "inconclusive", "gw2-staging-redis-2 still starting"),
    ({"oom_killed": True}, "failed", "gw2-staging-redis-2 killed for memory"),
    ({"restart_count": 1}, "warning", "gw2-staging-redis-2 restarted 1 time, the last 60 min ago"),
    # it does no work and is meant to: what runs next to it may not hold for long
    ({"state": "restarting", "health": None}, "warning", "gw2-staging-redis-2 is restarting"),
])
def test_of_several_containers_all_that_run_are_judged_in_any_order(first: bool, second: dict[str, Any], verdict: str, words: str) -> None:
    seen = survey()
    assert isinstance(seen.containers, tuple)
    other = container("redis", **second)
    containers = (other, *seen.containers) if first else (*seen.containers, other)
    found = next(one for one in service_states(staging(), replace(seen, containers=containers)) if one.name == "redis")
    assert (found.verdict, found.measured.startswith(words)) == (verdict, True), found.measured
    assert not found.stopped
    if verdict not in ("passed", "warning"):
        assert "gw2-staging-redis-2" in found.advice


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(("other", "verdict", "words"), [
    (Reply.DOWN, "failed", "-LOADING"), (Reply.SILENT, "inconclusive", "-LOADING"), (Reply.UNKNOWN, "inconclusive", "-LOADING"),
    (Reply.UP, "passed", "running; healthy"),
])
def test_of_several_replies_the_worst_counts_in_any_order(first: bool, other: Reply, verdict: str, words: str) -> None:
    seen = survey()
    assert isinstance(seen.replies, tuple)
    reply = ServiceReply("redis", other, "-LOADING", addresses=("172.20.0.77",))
    replies = (reply, *seen.replies) if first else (*seen.replies, reply)
    both = replace(seen, replies=replies)
    found = next(one for one in service_states(staging(), both) if one.name == "redis")
    assert (found.verdict, found.measured.startswith(words)) == (verdict, True), found.measured
    merged = both.reply_of("redis")
    assert merged is not None
    assert merged.addresses == ("172.20.0.6", "172.20.0.77")
    assert merged.clients == ("172.20.0.4",)


def test_what_was_not_asked_is_not_expected_to_answer() -> None:
    environment = staging(**{"services.node-exporter.probe": None})
    found = {one.check: one for one in services_work(service_states(environment, survey()))}
    assert "nothing was asked of it" in found["node-exporter works"].expected
    assert found["nginx works"].expected == "its container runs, and it answers itself"


def test_users_enter_at_the_proxy_or_at_what_is_published() -> None:
    assert [one.name for one in service_states(staging(), survey()) if one.entered] == ["nginx"]
    more = staging(**{"services.backend.published": True, "services.grafana.published": True})
    assert {one.name for one in service_states(more, survey()) if one.entered} == {"nginx", "backend"}
