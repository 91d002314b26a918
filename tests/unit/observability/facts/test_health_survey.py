"""What is reported against what is so; a contradiction is asked about twice, and what hangs is missing alone."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from runbook_lib.core.errors import DockerUnavailable
from runbook_lib.core.questions import Question
from runbook_lib.observability.facts import health_survey
from runbook_lib.observability.facts.health_survey import HealthSurvey, compare_claims, survey_health
from runbook_lib.observability.facts.service_replies import Reply
from runbook_lib.platform.facts.availability import Unanswered, with_deadline
from tests.unit.data_values import environment_with
from tests.unit.observability_doubles import both_colours, container, staging, survey

OK = {"status": "ok", "commit": "b" * 40, "schema_revision": "0003", "checks": {"database": {"status": "ok"}, "redis": {"status": "ok"}}}
DATABASE, CACHE, STATUS, SCHEMA, RELEASE = staging().health.claims


def claims(changes: dict[str, Any] | None = None) -> dict[str, Any]:
    seen = survey({"endpoints.0.fields": OK, "endpoints.1.fields": OK, **(changes or {})})
    return {one.title: one for one in compare_claims(staging(), seen)}


def test_all_that_is_reported_is_so() -> None:
    assert {one.agree for one in claims().values()} == {True}


@pytest.mark.parametrize(("changes", "title", "agree"), [
    ({"replies.redis.reply": "down"}, CACHE, False),
    ({"replies.redis.reply": "stopped"}, CACHE, False),
    ({"replies.redis.reply": "stopped"}, STATUS, False),
    ({"replies.redis.reply": "stopped"}, DATABASE, True),
    ({"replies.redis.reply": "silent"}, CACHE, None),
    ({"replies": {"like": "no answer"}}, CACHE, None),
    # one that surely does not answer decides, whatever is not known of the others
    ({"replies.redis.reply": "silent", "replies.postgres.reply": "down"}, STATUS, False),
    ({"replies.redis.reply": "down", "endpoints.0.status": 503}, STATUS, True),
    ({"endpoints.0.status": 503}, STATUS, False),
    ({"endpoints.0.status": None}, DATABASE, None),
    ({"endpoints": {"like": "no answer"}}, DATABASE, None),
    ({"endpoints.0.fields": {"status": "ok"}}, DATABASE, None),
    ({"endpoints.0.fields": {"checks": "all fine"}}, DATABASE, None),
    ({"revision": "0002"}, SCHEMA, False),
    ({"revision": None}, SCHEMA, None),
    ({"revision": {"like": "no answer"}}, SCHEMA, None),
    ({"endpoints.1.fields": {"commit": "a" * 40}}, RELEASE, False),
    ({"containers": {"like": "no answer"}}, RELEASE, None),
    ({"containers.backend-green.image": "gw2-backend:latest"}, RELEASE, None),
])
def test_a_claim_holds_or_not_or_is_not_known(changes: dict[str, Any], title: str, agree: bool | None) -> None:
    assert claims(changes)[title].agree is agree


def test_of_several_services_those_that_do_not_answer_are_to_be_fixed() -> None:
    assert claims({"replies.redis.reply": "down"})[STATUS].about == ("redis",)
    assert claims()[STATUS].about == ("postgres", "redis")


@pytest.mark.parametrize(("changes", "silent"), [
    ({}, False), ({"endpoints.0.status": None}, True), ({"endpoints": {"like": "no answer"}}, True), ({"endpoints.0.fields": {}}, False)])
def test_an_endpoint_without_a_reply_reports_nothing(changes: dict[str, Any], silent: bool) -> None:
    """40 said that /health reports staging.example.com does not resolve on this machine."""
    assert claims(changes)[DATABASE].no_reply is silent


def test_a_claim_about_an_absent_service_is_decided_by_the_others_or_not_applicable() -> None:
    without = staging(**{"services.redis.required": False, "services.redis.absent_reason": "no cache here"})
    seen = survey({"endpoints.0.fields": OK, "endpoints.1.fields": OK, "replies.redis.reply": "stopped"})
    found = {one.title: one for one in compare_claims(without, seen)}
    assert (found[CACHE].absent, found[CACHE].row["agree"]) == ("no cache here", "not applicable")
    assert found[STATUS].agree is True


def test_a_reply_without_the_field_says_so_in_its_row() -> None:
    row = claims({"endpoints.0.fields": {"status": "ok"}})[DATABASE].row
    assert row["it reports"] == "nothing: its reply has no checks.database.status"
    assert row["agree"] == "not known"


COLOURED = {"health.claims": {"mine": {"path": "/health", "field": "status", "good": "ok", "services": ["backend", "redis"]}}}


@pytest.mark.parametrize(("down", "works"), [((), None), (("backend-green",), None), (("backend-blue", "backend-green"), False), (("redis",), False)])
def test_a_claim_about_a_colour_that_is_not_known_is_not_known(down: tuple[str, ...], works: bool | None) -> None:
    environment = environment_with(COLOURED)
    seen = both_colours({"endpoints.0.fields": OK})
    assert isinstance(seen.replies, tuple)
    replies = tuple(replace(one, reply=Reply.DOWN) if one.service in down else one for one in seen.replies)
    [found] = compare_claims(environment, replace(seen, replies=replies))
    assert found.agree is works
    assert ("backend: which colour has the traffic is not known" in found.actual) == (len(down) < 2)


@pytest.mark.parametrize(("reported", "good", "agree"), [
    (True, True, True), (1, 1, True), (1.0, 1, True), (1, True, False), (True, 1, False), (0, False, False), (False, 0, False),
    ("true", True, False), ("1", 1, False), (None, False, False), (False, False, True),
])
def test_what_is_reported_is_compared_by_its_type_too(reported: Any, good: Any, agree: bool) -> None:
    environment = environment_with({"health.claims": {"mine": {"path": "/health", "field": "status", "good": good, "services": ["redis"]}}})
    [found] = compare_claims(environment, survey({"endpoints.0.fields": {"status": reported}}))
    assert found.reported_good is agree


@pytest.mark.parametrize(("fields", "reported"), [
    ({"data.base": "ok"}, "data.base = ok"), ({"data": {"base": None}}, "data.base = None"), ({"data": None}, "nothing: its reply has no data.base")])
def test_a_place_is_found_as_an_endpoints_rule_finds_it(fields: dict[str, Any], reported: str) -> None:
    claim = {"path": "/health", "field": "data.base", "good": "ok", "services": ["redis"]}
    [found] = compare_claims(environment_with({"health.claims": {"mine": claim}}), survey({"endpoints.0.fields": fields}))
    assert found.reported == reported


@pytest.mark.parametrize("first", [True, False])
def test_the_commit_is_that_of_the_container_that_runs(first: bool) -> None:
    seen = survey({"endpoints.1.fields": OK})
    assert isinstance(seen.containers, tuple)
    left = container("backend-green", state="exited", image=f"gw2-backend:{'a' * 40}")
    containers = (left, *seen.containers) if first else (*seen.containers, left)
    found = {one.title: one for one in compare_claims(staging(), replace(seen, containers=containers))}
    assert found[RELEASE].agree is True


def asked(monkeypatch: pytest.MonkeyPatch, *results: HealthSurvey, deadline_s: float = 60.0) -> HealthSurvey:
    """survey_health with each part answered from `results`, one after the other."""
    monkeypatch.setattr(health_survey, "PAUSE_S", 0.0)
    rounds = {name: iter(results) for name in ("deployed", "containers", "replies", "endpoints", "revision")}

    def part(name: str) -> Any:
        return lambda *_, **__: Question(name, lambda connections: getattr(next(rounds[name]), name))

    for function, name in (("known_state", "deployed"), ("survey_containers", "containers"), ("ask_services", "replies"),
                           ("survey_endpoints", "endpoints"), ("schema_revision", "revision")):
        monkeypatch.setattr(health_survey, function, part(name))
    return survey_health(staging(), deadline_s).fetch(None)  # type: ignore[arg-type]


def test_a_contradiction_that_is_gone_at_the_second_time_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    good = {"endpoints.0.fields": OK, "endpoints.1.fields": OK}
    found = asked(monkeypatch, survey({**good, "replies.redis.reply": "down"}), survey(good))
    assert (found.asked, {one.agree for one in found.claims}) == (2, {True})


def test_one_that_stays_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    lying = survey({"endpoints.0.fields": OK, "endpoints.1.fields": OK, "replies.redis.reply": "down"})
    found = asked(monkeypatch, lying, lying)
    assert found.asked == 2
    assert [one.title for one in found.claims if one.agree is False] == [CACHE, STATUS]


def test_a_part_that_hangs_is_missing_and_the_others_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    good = survey({"endpoints.0.fields": OK, "endpoints.1.fields": OK})

    def answered(name: str) -> Any:
        return lambda *_, **__: Question(name, lambda connections: getattr(good, name))

    for function, name in (("known_state", "deployed"), ("ask_services", "replies"), ("schema_revision", "revision"),
                           ("survey_endpoints", "endpoints")):
        monkeypatch.setattr(health_survey, function, answered(name))
    monkeypatch.setattr(health_survey, "survey_containers", lambda *_: Question("containers", lambda connections: released.wait(600)))
    monkeypatch.setattr(health_survey, "with_deadline", _short_for("containers"))
    found = survey_health(staging(), 60.0).fetch(None)  # type: ignore[arg-type]
    released.set()
    assert isinstance(found.containers, Unanswered)
    assert found.replies == good.replies
    assert found.colour == "green"


def test_what_asks_many_has_time_left_when_one_of_them_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: dict[str, float] = {}
    monkeypatch.setattr(health_survey, "ask_services", lambda _, limit_s: limits.update(service=limit_s) or Question("services", lambda c: ()))
    monkeypatch.setattr(health_survey, "survey_endpoints", lambda _, timeout_s, resolved: limits.update(endpoint=timeout_s) or Question("endpoints", lambda c: ()))

    def deadline(question: Question[Any], seconds: float) -> Question[Any]:
        limits[question.name] = seconds
        return Question(question.name, lambda connections: Unanswered("asked", "not asked here"))

    monkeypatch.setattr(health_survey, "with_deadline", deadline)
    survey_health(staging(), 6.0).fetch(None)  # type: ignore[arg-type]
    assert limits["service"] + 1 < limits["services"] <= 6
    assert limits["endpoint"] + 1 < limits["endpoints"] <= 6


def _short_for(name: str) -> Any:
    """The deadline is short for what hangs alone, so that a slow machine changes nothing."""
    return lambda question, seconds: with_deadline(question, 0.05 if question.name == name else seconds)


def test_an_engine_that_is_gone_ends_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any) -> Question[Any]:
        def fetch(connections: Any) -> Any:
            raise DockerUnavailable("No Docker Engine answers.", next_step="Start it.")

        return Question("containers", fetch)

    good = survey({"endpoints.0.fields": OK})
    with monkeypatch.context() as patched:
        patched.setattr(health_survey, "survey_containers", gone)
        for function, name in (("known_state", "deployed"), ("ask_services", "replies"), ("schema_revision", "revision"),
                               ("survey_endpoints", "endpoints")):
            value = getattr(good, name)
            patched.setattr(health_survey, function, lambda *_, value=value, name=name, **__: Question(name, lambda connections: value))
        found = survey_health(staging(), 60.0).fetch(None)  # type: ignore[arg-type]
    assert found.containers == Unanswered("containers", "No Docker Engine answers", "Start it.")
