"""How health is asked for, as data: what cannot be decided or asked is refused before anything is contacted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runbook_lib.core.questions import HttpReply
from runbook_lib.environment import Environment, load_environment
from runbook_lib.environment.health import HealthEndpoint
from runbook_lib.platform.facts.endpoints import endpoint
from tests.unit.data_values import environment_with
from tests.unit.environment_doubles import faults_of, overlay


def test_every_service_of_staging_can_be_asked(staging: Environment) -> None:
    assert [name for name, service in staging.services.items() if service.probe is None] == []


def test_what_staging_reports_of_database_cache_schema_and_release_is_compared(staging: Environment) -> None:
    about = {claim.services or (claim.equals,) for claim in staging.health.claims.values()}
    assert about == {("postgres",), ("redis",), ("postgres", "redis"), ("schema_revision",), ("running_commit",)}


@pytest.mark.parametrize(("claim", "fault"), [
    ("{path: /health, field: a, good: ok}", "good and services go together"),
    ("{path: /health, field: a, services: [redis]}", "good and services go together"),
    ("{path: /health, equals: schema_revision}", "equals compares a field with a fact"),
    ("{path: /health, field: a, equals: schema_revision, good: ok, services: [redis]}", "equals compares a field"),
    ("{path: /elsewhere, good: 200, services: [redis]}", "/elsewhere is not among the endpoints"),
    ("{path: /health, good: 200, services: [radis]}", "there is no service 'radis'"),
    ("{path: health, good: 200, services: [redis]}", "claims.mine.path: should be"),
    ("{path: /health, good: 200, services: [redis], serving: []}", "unknown key; did you mean 'services'?"),
])
def test_a_claim_that_cannot_be_decided_is_refused(tmp_path: Path, claim: str, fault: str) -> None:
    assert fault in "\n".join(faults_of(overlay(tmp_path, f"health: {{claims: {{mine: {claim}}}}}")))


@pytest.mark.parametrize(("services", "fault"), [
    ("{redis: {probe: null}}", "services.redis has no probe, so it cannot be asked"),
    ("{redis: {probe: {kind: memcached}}}", "services.redis.probe.kind"),
    ("{redis: {probe: {kind: redis, password_variable: lower}}}", "a NAME in capitals"),
    ("{nginx: {probe: {port: 0}}}", "services.nginx.probe.port"),
    ("{nginx: {needs: [nowhere]}}", "services.nginx.needs: there is no service 'nowhere'"),
    ("{redis: {needs: [nginx]}}", "services.redis.needs: it needs itself, by way of others"),
])
def test_what_cannot_be_asked_or_goes_in_a_circle_is_refused(tmp_path: Path, services: str, fault: str) -> None:
    assert fault in "\n".join(faults_of(overlay(tmp_path, f"services: {services}")))


SAYS_NOTHING = "says nothing of its reply, and a 200 may be any page: give fields, json_is, contains, commit or version, for example"


@pytest.mark.parametrize(("endpoint", "fault"), [
    ("{title: up, service: backend}", f"health.endpoints./up: {SAYS_NOTHING} fields: {{status: ok}}"),
    ("{title: up, service: backend, fields: {}}", f"health.endpoints./up: {SAYS_NOTHING}"),
    ("{title: up, service: backend, json_is: null}", f"health.endpoints./up: {SAYS_NOTHING}"),
    ("{title: up, service: backend, contains: ''}", "health.endpoints./up.contains: should not be empty"),
    ("{title: up, service: backend, contains: ' '}", "health.endpoints./up.contains: should be text that is not empty"),
    ("{title: up, service: backend, private: true, contains: ok}", "health.endpoints./up: private: of a private endpoint the status"),
    ("{title: up, service: backend, empty: true, contains: ok}", "health.endpoints./up: empty: an empty reply holds nothing"),
    ("{title: up, service: backend, empty: true, commit: sha}", "health.endpoints./up: empty: an empty reply holds nothing"),
    ("{title: up, service: backend, empty: false}", f"health.endpoints./up: {SAYS_NOTHING}"),
    ("{title: up, service: web, contains: ok}", "health.endpoints./up.service: there is no service 'web'"),
    ("{title: up, service: backend, contains: ok, status: 99}", "health.endpoints./up.status: should be at least 200"),
    ("{title: up, service: backend, comit: sha}", "health.endpoints./up.comit: unknown key; did you mean 'commit'?"),
    ("Overall health", "health.endpoints./up: should be a mapping of keys to values"),
])
def test_an_endpoint_says_what_its_reply_must_hold(tmp_path: Path, endpoint: str, fault: str) -> None:
    assert fault in "\n".join(faults_of(overlay(tmp_path, f"health: {{endpoints: {{/up: {endpoint}}}}}\n")))


@pytest.mark.parametrize("endpoint", ["{title: up, service: backend, empty: true}", "{title: up, service: backend, status: 204}"])
def test_an_empty_reply_says_enough(tmp_path: Path, endpoint: str) -> None:
    """As a health path of many applications has it, and no page of a single-page application."""
    loaded = load_environment(overlay(tmp_path, f"health: {{endpoints: {{/up: {endpoint}}}}}\n"))
    assert loaded.health.endpoints["/up"].title == "up"


def test_an_environment_without_endpoints_says_why(tmp_path: Path) -> None:
    text = "health: {endpoints: null}\n"
    assert any("health.endpoints: give it, or say in without.health why" in one or "not among the endpoints" in one
               for one in faults_of(overlay(tmp_path, text)))
    found = environment_with({"health.endpoints": {}, "health.claims": {}, "without.health": "a worker without a port"})
    assert (found.health.ready_path, found.health.names_commit) == ("/api/v1/health", False)
    assert faults_of(overlay(tmp_path, "without: {health: none}\n")) == [
        "without.health: health.endpoints is given as well; leave one of them out (health.endpoints: null)"]


def test_a_path_that_moved_is_named(tmp_path: Path) -> None:
    assert faults_of(overlay(tmp_path, "health: {metrics_path: /metrics}\n")) == [
        "health.metrics_path: unknown key; it is now called 'health.endpoints.PATH.private'"]


@pytest.mark.parametrize(("rule", "body", "lacks"), [
    ({"fields": {"status": "ok"}}, '{"status": "ok"}', ()),
    ({"fields": {"checks.database": True}}, '{"checks": {"database": true}}', ()),
    ({"fields": {"checks.database": True}}, '{"checks": {"database": 1}}', ("checks.database is 1, not true",)),
    ({"fields": {"status": "ok"}}, '{"status": null}', ('status is null, not "ok"',)),
    ({"fields": {"status": "ok"}}, "[]", ('status is missing, not "ok"',)),
    ({"fields": {"a.b": 1}}, '{"a.b": 1}', ()),
    # found by trying: what was missing held for null, whatever answered there
    ({"fields": {"error": None}}, '{"error": null}', ()),
    ({"fields": {"error": None}}, "{}", ("error is missing, not null",)),
    ({"fields": {"last.error": None}}, '{"last": null}', ("last.error is missing, not null",)),
    ({"fields": {"error": None}}, '{"error": "disk"}', ('error is "disk", not null',)),
    ({"fields": {"error": ""}}, '{"error": null}', ('error is null, not ""',)),
    ({"json_is": {"error": None}}, "{}", ('it is {}, not {"error": null}',)),
    ({"json_is": "UP"}, '"UP"', ()),
    ({"json_is": True}, "true", ()),
    ({"json_is": {"ok": True}}, '{"ok": true, "extra": 1}', ('it is {"ok": true, "extra": 1}, not {"ok": true}',)),
    ({"contains": "Ok: 1 #$'"}, "Ok: 1 #$'\n", ()),
    ({"contains": "ok"}, "<html>", ("'ok' is not in it",)),
    ({"fields": {"status": "ok"}}, '{"status": "' + "long " * 4_000_000 + '"}', ("status is",)),
    ({"commit": "sha"}, "<html>", ()),
])
def test_what_a_reply_lacks_is_said(rule: dict[str, Any], body: str, lacks: tuple[str, ...]) -> None:
    reply = HttpReply("/up", 200, {}, body.encode(), 0.01)
    found = endpoint("/up", reply, HealthEndpoint.model_validate({"title": "up", "service": "api", **rule}))
    assert len(found.lacks) == len(lacks)
    assert all(one.startswith(expected) and len(one) < 200 for one, expected in zip(found.lacks, lacks, strict=True))


def test_an_error_is_not_searched_for_what_a_good_reply_holds() -> None:
    rule = HealthEndpoint(title="up", service="api", contains="ok")
    assert endpoint("/up", HttpReply("/up", 503, {}, b"down", 0.01), rule).lacks == ()
