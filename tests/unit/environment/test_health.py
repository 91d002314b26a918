"""How health is asked for, as data: what cannot be decided or asked is refused before anything is contacted."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.environment import Environment
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
