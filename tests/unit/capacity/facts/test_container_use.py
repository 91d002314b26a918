"""CPU and memory from the engine's counters: two samples make a share, a restart makes none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from runbook_lib.capacity.facts.container_use import UseSample, parse_sample, sample_use, use_over_time
from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import FactUnreadable
from tests.unit.data_values import environment_with


def stats(cpu_ns: int = 5, **memory: Any) -> dict[str, Any]:
    return {"read": "2026-11-27T12:00:00.123456789Z", "cpu_stats": {"cpu_usage": {"total_usage": cpu_ns}},
            "memory_stats": {"usage": 1_000, "stats": {"inactive_file": 300}} | memory}


def test_memory_is_counted_as_docker_stats_does() -> None:
    found = parse_sample("redis", stats())
    assert found is not None
    assert found.memory_bytes == 700
    version_1 = parse_sample("redis", stats(stats={"total_inactive_file": 100}))
    assert version_1 is not None
    assert version_1.memory_bytes == 900
    bare = parse_sample("redis", stats(stats=None))
    assert bare is not None
    assert bare.memory_bytes == 1_000


def test_a_container_that_has_stopped_has_no_sample() -> None:
    assert parse_sample("redis", {"read": "0001-01-01T00:00:00Z", "memory_stats": {}, "cpu_stats": {}}) is None


@pytest.mark.parametrize("wrong", [{}, {"memory_stats": None}, stats() | {"read": "yesterday"}, stats() | {"cpu_stats": []}])
def test_another_form_is_unreadable(wrong: dict[str, Any]) -> None:
    with pytest.raises(FactUnreadable):
        parse_sample("redis", wrong)


def test_every_container_of_the_project_is_asked_once() -> None:
    asked: list[tuple[str, bool]] = []

    class Api:
        def containers(self, filters: dict[str, str]) -> list[dict[str, Any]]:
            assert filters == {"label": "com.docker.compose.project=gw2-staging"}
            return [{"Id": "1", "Labels": {"com.docker.compose.service": "redis"}}, {"Id": "2", "Labels": None}]

        def stats(self, container: str, stream: bool, one_shot: bool) -> dict[str, Any]:
            asked.append((container, one_shot))
            return stats()

    found = sample_use(environment_with()).fetch(ScriptedConnections(engine=SimpleNamespace(api=Api())))
    assert [one.service for one in found] == ["redis"]
    assert asked == [("1", True)]


def test_the_share_is_of_the_limit_in_the_environment_file() -> None:
    limit = environment_with().services["redis"]
    half = [UseSample("redis", 100.0, 0, 0), UseSample("redis", 110.0, int(10e9 * limit.cpus / 2), limit.memory_bytes // 4)]
    point = use_over_time(half, environment_with())["redis"][0]
    assert (round(point.cpu_percent, 3), point.memory_percent, point.at_s) == (50.0, 25.0, 110.0)


def test_a_restart_and_an_unknown_container_make_no_point() -> None:
    fallen = [UseSample("redis", 1.0, 9, 0), UseSample("redis", 2.0, 1, 0), UseSample("redis", 2.0, 5, 0), UseSample("other", 1.0, 1, 0),
              UseSample("other", 2.0, 2, 0)]
    assert use_over_time(fallen, environment_with()) == {}


def test_a_coloured_service_has_its_limit_under_each_colour() -> None:
    found = use_over_time([UseSample("backend-green", 1.0, 0, 0), UseSample("backend-green", 2.0, 1, 0)], environment_with())
    assert list(found) == ["backend-green"]
