"""The plan's tuning as data: what it holds, and what is refused with its path."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.environment import Environment, load_environment
from tests.unit.environment_doubles import faults_of, overlay
from tests.unit.staging.files import text


def test_every_planned_setting_stands_in_the_configuration_that_is_deployed(staging: Environment) -> None:
    lines = {line.partition("#")[0].strip() for line in text("postgres/postgresql.conf").splitlines()}
    # a library's own setting is there while it is loaded
    for name, value in staging.tuning.postgres.planned.items():
        loaded = f"shared_preload_libraries = '{name.partition('.')[0]}'"
        assert lines & {f"{name} = {value}", loaded if "." in name else ""} or name == "track_counts", name
    redis = set(text("redis/redis.conf").splitlines())
    assert {f"{name} {value}" for name, value in staging.tuning.redis.settings.items()} <= redis


def test_the_plans_settings_come_first(staging: Environment) -> None:
    assert list(staging.tuning.postgres.planned.items())[:2] == [("max_connections", "100"), ("shared_buffers", "256MB")]


@pytest.mark.parametrize(("faulty", "fault"), [
    ("{postgres: {settings: {shared_buffers: 1GB}}}", "tuning: postgres.settings.shared_buffers: is planned already"),
    ("{postgres: {settings: {\"work_mem; DROP\": 1GB}}}", "tuning.postgres.settings"),
    ("{postgres: {statements_database: \"a'b\"}}", "tuning.postgres.statements_database: "),
    ("{frontend: {service: nowhere}}", "tuning.frontend.service: there is no service 'nowhere'"),
    ("{frontend: {process: null}}", "tuning: frontend: service and process go together"),
    ("{frontend: {nginx_workers: many}}", "tuning.frontend.nginx_workers: "),
    ("{frontend: {page: elsewhere}}", "tuning.frontend.page: "),
    ("{redis: {session_keys: \"a b\"}}", "tuning.redis.session_keys: "),
    ("{backend: {variables: {WEB_CONCURRENCY: everything}}}", "tuning.backend.variables"),
    ("{backend: {cached: [{path: /a, header: \"X Cache\", hit: hit}]}}", "tuning.backend.cached"),
    ("{limits: {statement_ms: 0}}", "tuning.limits.statement_ms: "),
    ("{limits: {dead_percent: 101}}", "tuning.limits.dead_percent: "),
    ("{limits: {statment_ms: 5}}", "did you mean 'statement_ms'"),
])
def test_what_cannot_be_asked_or_judged_is_refused_with_its_path(tmp_path: Path, faulty: str, fault: str) -> None:
    faults = faults_of(overlay(tmp_path, f"tuning: {faulty}"))
    assert any(fault in one for one in faults), faults


def test_an_environment_may_name_no_service_at_all(tmp_path: Path) -> None:
    bare = load_environment(overlay(tmp_path, """
        tuning:
          backend: {service: null, process: null, pool_query: null, cached: []}
          frontend: {service: null, process: null, page: null}
          postgres: {statements_database: null}
          redis: {session_keys: null}
        """))
    assert bare.tuning.frontend.page is None
