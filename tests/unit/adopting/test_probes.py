"""How 40 asks a found service: as its own health check does, and not at all where that would be a guess."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.adopting.known import known_tree
from runbook_lib.adopting.lines import values_of
from runbook_lib.adopting.project import services_of
from tests.unit.adopting_doubles import found_project


def probe_of(service: dict[str, Any]) -> Any:
    tree = known_tree(found_project({"one": service}), "shop")
    return values_of(tree["services"]["one"].get("probe", {}))


def checked(test: str, **more: Any) -> dict[str, Any]:
    return {"build": ".", "healthcheck": {"test": ["CMD-SHELL", test]}, **more}


@pytest.mark.parametrize(("service", "probe"), [
    (checked("curl -f http://localhost:8000/up"), {"path": "/up", "host": "localhost"}),
    (checked("curl -f http://localhost:8000/up", expose=["9000"]), {"path": "/up", "port": 8000, "host": "localhost"}),
    (checked("curl -kf https://127.0.0.1:8443/up"), {"kind": "https", "path": "/up", "host": "127.0.0.1"}),
    (checked("python3 ask.py", expose=["9000"]), {}),
    (checked("curl -f http://localhost:8000/up", restart="no") | {"build": None, "image": "x"},
     {"path": "/up", "host": "localhost"}),
    ({"build": ".", "expose": ["8000"]}, {}),
    ({"image": "redis:7"}, {"kind": "redis"}),
    ({"image": "valkey/valkey:8"}, {"kind": "redis"}),
    ({"image": "redis:7", "command": ["redis-server", "--requirepass", "word"]}, {}),
    ({"image": "redis:7", "command": "redis-server /etc/redis.conf"}, {}),
    ({"image": "redis:7", "volumes": [{"type": "bind", "source": "/x", "target": "/usr/local/etc/redis/redis.conf"}]}, {}),
    ({"image": "redis:7", "environment": {"REDIS_PASSWORD": "word"}, "command": "redis-server --requirepass word"},
     {"kind": "redis", "password_variable": "REDIS_PASSWORD"}),
    ({"image": "redis:7", "environment": {"POSTGRES_PASSWORD": "a", "REDIS_PASSWORD": "b"}, "command": "sh -c 'redis-server --requirepass b'"},
     {"kind": "redis", "password_variable": "REDIS_PASSWORD"}),
    ({"image": "redis:7", "environment": {"POSTGRES_PASSWORD": "a"}}, {"kind": "redis"}),
    ({"image": "redis:7", "environment": {"POSTGRES_PASSWORD": "a", "MAIL_PASSWORD": "b"}, "command": "x --requirepass b"}, {}),
    ({"image": "redis:7", "environment": {"WORD_PASSWORD": "b"}, "command": "redis-server --requirepass b"},
     {"kind": "redis", "password_variable": "WORD_PASSWORD"}),
    ({"image": "redis:7", "environment": {"ALLOW_EMPTY_PASSWORD": "yes"}}, {"kind": "redis"}),
])
def test_a_service_is_asked_as_its_own_health_check_asks(service: dict[str, Any], probe: dict[str, Any]) -> None:
    assert probe_of(service) == probe


def test_a_job_that_ends_is_asked_nothing() -> None:
    job = checked("curl -f http://localhost:8000/up") | {"image": "x", "build": None}
    waits = {"build": ".", "depends_on": {"job": {"condition": "service_completed_successfully"}}}
    services = known_tree(found_project({"job": job, "web": waits}), "shop")["services"]
    assert "probe" not in services["job"]
    assert probe_of(job) == {"path": "/up", "host": "localhost"}


def test_a_database_is_asked_as_its_owner_where_it_is_the_only_one() -> None:
    one = known_tree(found_project(), "shop")["services"]
    assert values_of(one["db"]["probe"]) == {"kind": "postgres"}
    checked_itself = checked("curl -f http://localhost:8000/up") | {"image": "postgres:16", "build": None}
    two = known_tree(found_project({"other": checked_itself}), "shop")["services"]
    assert "probe" not in two["db"] and "probe" not in two["other"]


def test_a_start_command_is_not_kept() -> None:
    found = services_of({"services": {"cache": {"image": "redis", "command": "redis-server --requirepass hunter2"}}}, {})
    assert found["cache"].locked
    assert "hunter2" not in repr(found)
