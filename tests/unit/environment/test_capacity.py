"""Resources and their limits as data: a limit is written once, and a place that holds none is refused by its path."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.environment import Environment, load_environment
from runbook_lib.environment.capacity import Resource, limit_of, why_absent
from tests.unit.environment_doubles import faults_of, overlay


def limit(environment: Environment, text: float | str | None) -> float | None:
    return limit_of(environment, Resource(title="one", unit="x", query="up", limit=text))


def test_the_plans_allocation_is_where_limits_come_from(staging: Environment) -> None:
    limits = {name: limit_of(staging, one) for name, one in staging.capacity.resources.items()}
    assert limits["connection_pool"] == 20
    assert limits["database_connections"] == 100
    assert limits["redis_memory"] == 384 * 1024**2
    assert limits["server_disk"] == 85
    assert limits["database_size"] is None


@pytest.mark.parametrize(("text", "amount"), [
    (None, None), (7.5, 7.5), ("2GB", 2 * 1024**3), ("services.backend.cpus", 1.0), ("services.redis.memory", 512 * 1024**2),
])
def test_a_limit_is_a_number_a_size_or_a_place(staging: Environment, text: float | str | None, amount: float | None) -> None:
    assert limit(staging, text) == amount


@pytest.mark.parametrize("text", ["services.nowhere.memory", "2TB", "services", "services.redis", "services.redis.title", "tuning..", ".",
                                  "secrets.STAGING_DB_PASSWORD", "services.redis.critical", "backup.database"])
def test_a_place_that_holds_no_amount_is_refused(staging: Environment, text: str) -> None:
    with pytest.raises(ValueError, match=r"services\.redis\.memory|holds no amount"):
        limit(staging, text)


@pytest.mark.parametrize(("capacity", "fault"), [
    ("{resources: {redis_memory: {limit: services.redys.memory}}}", "capacity.resources.redis_memory.limit: 'services.redys.memory'"),
    ("{resources: {redis_memory: {limit: 0}}}", "capacity.resources.redis_memory.limit"),
    ("{resources: {redis_memory: {limit: .nan}}}", "capacity.resources.redis_memory.limit"),
    ("{resources: {redis_memory: {query: 7}}}", "capacity.resources.redis_memory.query: should be text, got 7"),
    ("{resources: {x: {title: X, unit: y}}}", "query: is missing"),
    ("{resources: {redis_memory: {service: redys}}}", "capacity.resources.redis_memory.service: there is no service 'redys'"),
    ("{resources: {redis_memory: {held_by: services.redys.memory}}}", "capacity.resources.redis_memory.held_by: 'services.redys.memory'"),
    ("{resources: {redis_memory: {none_expected: true}}}", "none_expected and limit: at most one of them"),
    ("{minimum_days: 7}", "capacity.minimum_days: should be at least 14"),
    ("{act_within_days: 100}", "act_within_days: should not be more than plan_within_days"),
    ("{target_percent: 90}", "target_percent: should be less than near_percent"),
    ("{resource: {}}", "capacity.resource"),
])
def test_what_cannot_be_judged_is_refused(tmp_path: Path, capacity: str, fault: str) -> None:
    assert fault in "\n".join(faults_of(overlay(tmp_path, f"capacity: {capacity}\n")))


def test_a_resource_that_an_environment_does_without_is_declared(tmp_path: Path) -> None:
    mine = load_environment(overlay(tmp_path, "capacity: {resources: {redis_memory: {absent_reason: no cache here}}}\n"))
    assert why_absent(mine.capacity.resources["redis_memory"], mine.absent_services) == "no cache here"


def test_with_a_service_its_resources_are_absent_too(tmp_path: Path) -> None:
    mine = load_environment(overlay(tmp_path, "services: {redis: {required: false, absent_reason: no cache here}}\n"))
    absent = {name for name, one in mine.capacity.resources.items() if why_absent(one, mine.absent_services)}
    assert absent == {"redis_memory", "redis_evictions"}
