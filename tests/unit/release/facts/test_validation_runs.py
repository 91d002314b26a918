"""Which containers are validated: asked of Compose's view of the services, with nothing live and no network."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from runbook_lib.release.facts import validation_runs as runs

MOUNT = {"type": "bind", "source": "redis", "target": "/etc/redis", "read_only": True}
REDIS: dict[str, Any] = {
    "image": "redis:7", "user": "redis", "read_only": True, "cap_drop": ["ALL"], "cap_add": ["CHOWN", "SYS_ADMIN"],
    "environment": {"REDIS_PASSWORD": "a$$b", "UNSET": None},
    "volumes": [MOUNT, {"type": "volume", "source": "redis-data", "target": "/data"}],
    "healthcheck": {"test": ["CMD-SHELL", "test $$(redis-cli ping) = PONG"]},
    "deploy": {"resources": {"limits": {"cpus": 0.5, "memory": "536870912"}}},
}


def only(service: dict[str, Any], name: str = "cache") -> runs.ValidationRun:
    (one,) = runs.runs_of({name: service})
    return one


def test_a_service_is_started_as_it_will_run_and_asked_by_its_own_health_check() -> None:
    one = only(REDIS)
    assert (one.mode, one.command) == ("start", (runs.IMAGE_ENTRYPOINT,))
    assert one.ready == ("sh", "-c", "test $(redis-cli ping) = PONG")
    assert only({**REDIS, "entrypoint": ["/bin/sh", "/start.sh"], "command": []}).command == ("/bin/sh", "/start.sh")


def test_a_trial_has_no_network_no_data_and_no_more_rights_than_docker_gives() -> None:
    options = only(REDIS).options
    pairs = set(pairwise(options))
    assert {("--network", "none"), ("--user", "redis"), ("--memory", "536870912"), ("--cap-drop", "ALL")} <= pairs
    assert ("--cap-add", "CHOWN") in pairs and "SYS_ADMIN" not in options
    assert ("--mount", "type=bind,source=@TREE@/redis,target=/etc/redis,readonly") in pairs
    assert ("--mount", "type=volume,target=/data") in pairs, "never the live volume"
    assert ("--env", "REDIS_PASSWORD=a$b") in pairs and "UNSET" not in str(options)
    assert "--read-only" in options


def test_what_nginx_may_name_has_an_address_and_its_certificates_are_the_servers() -> None:
    certificates = {"type": "bind", "source": "/etc/letsencrypt", "target": "/etc/letsencrypt", "read_only": True}
    nginx = {"image": "registry/nginx@sha256:1", "volumes": [{**MOUNT, "source": "nginx"}, certificates]}
    one = next(one for one in runs.runs_of({"proxy": nginx, "backend-blue": {"image": "b"}}))
    assert (one.mode, one.command) == ("check", ("nginx", "-T"))
    assert "backend-blue:127.0.0.1" in one.options
    assert "type=bind,source=/etc/letsencrypt,target=/etc/letsencrypt,readonly" in one.options


@pytest.mark.parametrize(("service", "command"), [
    ({"image": "prom/prometheus", "command": ["--config.file=/etc/p/p.yml"]}, ("promtool", "check", "config", "/etc/p/p.yml")),
    ({"image": "prom/prometheus"}, ("promtool", "check", "config", "/etc/prometheus/prometheus.yml")),
    ({"image": "nginx", "command": ["sh", "-c", "exec nginx -c /etc/other.conf -g 'daemon off;'"]},
     ("nginx", "-T", "-c", "/etc/other.conf")),
])
def test_the_file_that_the_command_names_is_the_one_that_is_checked(service: dict[str, Any], command: tuple[str, ...]) -> None:
    assert only({**service, "volumes": [MOUNT]}).command == command


@pytest.mark.parametrize(("name", "service", "program"), [
    ("postgres", {"image": "registry.example/db/postgres:15@sha256:0"}, "postgres"),
    ("db", {"image": "company/database", "command": ["postgres", "-c", "x=y"]}, "postgres"),
    ("redis-exporter", {"image": "oliver006/redis_exporter"}, None),
    ("queue", {"image": "rabbitmq:3"}, None),
])
def test_the_program_is_known_by_image_name_or_command(name: str, service: dict[str, Any], program: str | None) -> None:
    assert runs.program_of(name, service) == program


def test_files_of_an_unknown_program_are_named_and_those_of_the_runbooks_are_not_the_releases() -> None:
    services = {"queue": {"image": "rabbitmq", "volumes": [{**MOUNT, "source": "queue"}]},
                "node": {"image": "other", "volumes": [{**MOUNT, "source": ".runbook"}, {**MOUNT, "source": "/"}]}}
    assert runs.unknown_services(services) == {"queue": ("queue",)}
    assert runs.runs_of(services) == ()


def test_of_a_service_that_the_environment_does_not_run_only_the_text_is_read() -> None:
    services = {"grafana": {"image": "grafana/grafana", "volumes": [{**MOUNT, "source": "grafana"}]}}
    assert [one.mode for one in runs.runs_of(services)] == ["read", "start"]
    assert [one.mode for one in runs.runs_of(services, ("grafana",))] == ["read"]


def test_a_trial_is_told_to_the_program_by_counted_words() -> None:
    one = runs.ValidationRun("redis", "redis", "start", "redis:7", ("a", "b"), ("--x",), ("run",), ("ping", "it"))
    assert one.words == ("redis", "start", "redis:7", "a:b", "redis", "2", "ping", "it", "1", "--x", "run")
