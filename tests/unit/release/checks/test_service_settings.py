"""Settings that a release keeps, or raises, are no finding; nor is what only looks like less."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runbook_lib.environment import load_environment
from runbook_lib.release.checks.service_settings import data_folder_is_kept, health_checks_can_fail, services_run_as_now
from runbook_lib.release.facts.repository import ComposeConfig
from runbook_lib.release.facts.running_services import RunningService
from tests.unit.shop_environment import shop

ENVIRONMENT = load_environment("staging")
NOW = RunningService(ENVIRONMENT.project, "postgres", restart="always", log="json-file", variables={"PGDATA": "/var/lib/postgresql/data"})


def release(name: str = "postgres", **service: Any) -> ComposeConfig:
    return ComposeConfig(True, "", {name: {"restart": "always", **service}})


@pytest.mark.parametrize(("service", "now"), [
    ({}, {}),
    ({"restart": None, "deploy": {"restart_policy": {"condition": "on-failure"}}}, {}),
    ({"restart": "no"}, {"restart": "no"}),
    ({"mem_limit": "268435456", "shm_size": 268435456, "stop_grace_period": "1m30s", "ulimits": {"nofile": 65536}}, {}),  # more of each
    ({"mem_limit": "268435456"}, {"memory_bytes": 0}),  # the first limit
    ({"stop_grace_period": "1.5s"}, {"stop_s": 2}),  # as Compose rounds it
    ({"stop_grace_period": "soon"}, {}),
    ({}, {"open_files": 65536}),  # it may be the engine's own
    ({"network_mode": "host", "volumes": [{}]}, {"hostname": "server-1"}),  # the server's name
    ({}, {"hostname": "node-1"}),  # nothing is kept
    ({"read_only": True}, {"read_only": True}),
    ({"user": "1000"}, {"user": "app"}), ({"user": "root"}, {"user": ""}), ({"user": "0:0"}, {"user": "root"}), ({}, {"user": "app"}),
    ({"security_opt": ["no-new-privileges=true"]}, {"security": ("no-new-privileges",)}), ({}, {"security": ("no-new-privileges:false",)}),
    ({"cap_drop": ["all"]}, {"dropped": ("ALL",)}), ({}, {"dropped": ("CHOWN",)}),
    ({"logging": {"driver": "none"}}, {"log": "none"}),
    ({"deploy": {"replicas": 2}}, {"containers": 2}),
    ({"environment": {"TZ": "Europe/Berlin"}}, {}),  # not known before
    ({"environment": {"TZ": ""}}, {"variables": {"TZ": "UTC"}}),  # a value that only the server has
])
def test_what_is_kept_or_raised_is_no_finding(service: dict[str, Any], now: dict[str, Any]) -> None:
    assert services_run_as_now(release(**service), (replace(NOW, **now),), ENVIRONMENT) == ()


def test_what_several_services_lose_is_written_once() -> None:
    config = ComposeConfig(True, "", {"postgres": {"restart": "no"}, "redis": {"restart": "no", "logging": {"driver": "none"}}})
    found, = services_run_as_now(config, (NOW, replace(NOW, service="redis")), ENVIRONMENT)
    assert found.measured == ("postgres, redis: restart is always now, none in the release: it stays down after a crash or a boot of "
                              "the server; redis: its log is kept nowhere (logging driver none)")


@pytest.mark.parametrize(("service", "now", "measured"), [
    ({"user": "0:0"}, {"user": "app:app"}, "runs as app:app now, as root in the release"),
    ({"user": "root"}, {"user": "1000"}, "runs as 1000 now, as root in the release"),
    ({"security_opt": ["seccomp=unconfined"]}, {"security": ("no-new-privileges:true",)}, "no-new-privileges is gone"),
    ({"cap_drop": ["CHOWN"]}, {"dropped": ("ALL",)}, "cap_drop ALL is gone"),
    ({}, {"read_only": True}, "read_only is gone: what is broken into can change its own files"),
])
def test_what_protected_a_container_and_is_gone_is_a_warning(service: dict[str, Any], now: dict[str, Any], measured: str) -> None:
    found, = services_run_as_now(release(**service), (replace(NOW, **now),), ENVIRONMENT)
    assert found.measured == f"postgres: {measured}"


def test_a_colour_that_does_not_run_is_compared_with_the_other_one() -> None:
    blue = replace(NOW, service="backend-blue")
    found = services_run_as_now(release("backend-green", restart="no"), (blue,), ENVIRONMENT)
    assert [one.measured.partition(" now")[0] for one in found] == ["backend-green: restart is always"]
    assert services_run_as_now(release("frontend-green", restart="no"), (blue,), ENVIRONMENT) == ()


def test_a_service_that_no_step_touches_is_left_to_another_check() -> None:
    environment = shop()
    names = [next(iter(environment.release.services)), environment.database_service]
    config = ComposeConfig(True, "", {name: {} for name in names})
    found = services_run_as_now(config, [RunningService(environment.project, name, restart="always") for name in names], environment)
    assert [one.measured.partition(":")[0] for one in found] == names[:1]
    assert services_run_as_now(config, [RunningService("another", names[0], restart="always")], environment) == ()


@pytest.mark.parametrize(("variables", "now"), [
    ({}, "/var/lib/postgresql/data"), ({}, ""), ({"PGDATA": "/pg"}, ""),
    ({"PGDATA": "/var/lib/postgresql/data/"}, "/var/lib/postgresql/data"),
    ({}, "/home/postgres/pgdata/data"),  # the image's own
])
def test_a_data_folder_that_is_kept_or_not_known_is_no_finding(variables: dict[str, str], now: str) -> None:
    there = replace(NOW, variables={"PGDATA": now} if now else {})
    assert data_folder_is_kept(release(environment=variables), (there,), ENVIRONMENT) == ()


@pytest.mark.parametrize("test", [
    None, [], ["NONE"], ["CMD", "curl", "-f", "http://127.0.0.1/true"], ["CMD-SHELL", "echo ruok | nc 127.0.0.1 2181 | grep imok"],
    ["CMD-SHELL", "pg_isready -U app || exit 1"], ["CMD-SHELL", "test -f /ready; exit $?"], "curl -f http://127.0.0.1/ || (echo no; false)",
])
def test_a_health_check_that_asks_something_is_no_finding(test: object) -> None:
    assert health_checks_can_fail(release(healthcheck={"test": test})) == ()
    assert health_checks_can_fail(release(healthcheck={"test": ["CMD", "true"], "disable": True})) == ()
