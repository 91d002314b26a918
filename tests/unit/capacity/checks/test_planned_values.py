"""Planned values next to those in force: units, overrides, restarts, workers that differ, and what could not be asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runbook_lib.capacity.checks.planned_value import PlannedValue, amount_of
from runbook_lib.capacity.checks.planned_values import planned_values
from runbook_lib.capacity.checks.setting_effects import effect_of
from runbook_lib.capacity.facts.database_settings import DatabaseSetting, DatabaseSettings, Override
from runbook_lib.capacity.facts.server_tuning import CacheState, ContainerLimit, ServerTuning, WorkerProcesses
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.monitoring import Sample

WORK_MEM = DatabaseSetting("work_mem", "4MB", "4096", "kB", "integer", "configuration file")
AWAY = Unanswered("it", "it is away", "look there")
WORKERS = WorkerProcesses("backend-green", 4, 1, (2,), {"WEB_CONCURRENCY": ("4",), "DATABASE_POOL_SIZE": ("20",), "CACHE_TTL_SECONDS": ("300",)})


def settings(*known: DatabaseSetting, overrides: tuple[Override, ...] = ()) -> DatabaseSettings:
    return DatabaseSettings(150004, "staging_user", known, overrides)


def server(*, limits: tuple[ContainerLimit, ...] = (), processes: tuple[WorkerProcesses, ...] = (), caches: tuple[CacheState, ...] = ()) -> ServerTuning:
    return ServerTuning(limits, processes, caches)


def named(environment: Environment, name: str, database: DatabaseSettings | Unanswered = AWAY, asked: ServerTuning | Unanswered = AWAY,
          pool: tuple[Sample, ...] | Unanswered | None = AWAY) -> PlannedValue:
    return next(one for one in planned_values(environment, database, asked, pool) if one.name == name)


@pytest.mark.parametrize(("text", "unit", "amount"), [
    ("256MB", "", 256 * 2**20), ("32768", "8kB", 256 * 2**20), ("1GB", "MB", 2**30), ("500ms", "", 500), ("2min", "", 120_000), ("30", "s", 30_000),
    ("on", "", 1), ("off", "", 0), ("0.9", "", 0.9), ("-1", "ms", -1), ("100", "", 100), ("top", "", None), ("12 apples", "", None), ("384mb", "B", 384 * 2**20),
    ("", "", None), ("0", "B", 0),
])
def test_values_are_compared_as_amounts_whatever_their_unit(text: str, unit: str, amount: float | None) -> None:
    assert amount_of(text, unit) == amount


def test_a_setting_in_another_unit_is_the_same_setting(staging: Environment) -> None:
    assert named(staging, "work_mem", settings(WORK_MEM)).good is True


def test_a_setting_of_alter_system_is_named_with_the_statement_that_undoes_it(staging: Environment) -> None:
    one = named(staging, "work_mem", settings(replace(WORK_MEM, value="64MB", setting="65536")))
    assert (one.good, one.ratio, one.in_force) == (False, 16, "64MB")
    assert "ALTER SYSTEM RESET work_mem; Then: SELECT pg_reload_conf();" in one.change
    assert one.change.endswith("the container may be killed for memory.")


def test_a_setting_that_needs_a_restart_says_so(staging: Environment) -> None:
    other = DatabaseSetting("shared_buffers", "128MB", "16384", "8kB", context="postmaster")
    assert "restart PostgreSQL" in named(staging, "shared_buffers", settings(other)).change
    waiting = named(staging, "work_mem", settings(replace(WORK_MEM, pending_restart=True)))
    assert (waiting.good, waiting.waits) == (True, True)
    assert "waits for a restart" in waiting.note


@pytest.mark.parametrize(("role", "database", "reset"), [
    ("app", "", 'ALTER ROLE "app" RESET work_mem;'), ("", "db", 'ALTER DATABASE "db" RESET work_mem;'),
    ("", "", "ALTER ROLE ALL RESET work_mem;"),
    ('a"b', "db", 'ALTER ROLE "a""b" IN DATABASE "db" RESET work_mem;'),
])
def test_whoever_overrides_a_setting_is_named_also_where_it_is_as_planned(staging: Environment, role: str, database: str, reset: str) -> None:
    one = named(staging, "work_mem", settings(WORK_MEM, overrides=(Override(role, database, "work_mem", "64MB"),)))
    assert one.finding.verdict == "warning"
    assert "overridden for" in one.finding.measured
    assert reset in one.finding.next_step


def test_a_setting_of_the_command_line_is_changed_there(staging: Environment) -> None:
    one = named(staging, "work_mem", settings(replace(WORK_MEM, value="1MB", setting="1024", source="command line")))
    assert "command line" in one.change


def test_a_setting_that_the_server_does_not_show_is_not_known(staging: Environment) -> None:
    one = named(staging, "pg_stat_statements.track", settings())
    assert one.good is None
    assert "library" in one.change


def test_workers_that_differ_are_named(staging: Environment) -> None:
    one = named(staging, "DATABASE_POOL_SIZE of backend-green", asked=server(processes=(replace(WORKERS, variables={"DATABASE_POOL_SIZE": ("20", "10")}),)))
    assert (one.good, one.in_force, one.note) == (False, "20 and 10", "its processes differ")


def test_fewer_workers_than_planned_fail_and_auto_means_one_a_processor(staging: Environment) -> None:
    pages = WorkerProcesses("frontend-green", 2, 1, (2, 8))
    asked = server(processes=(replace(WORKERS, workers=3), pages))
    assert named(staging, "workers of backend-green", asked=asked).good is False
    assert named(staging, "workers of frontend-green", asked=asked).good is True
    assert named(staging, "workers of frontend-green", asked=server(processes=(replace(pages, workers=4),))).good is False
    assert named(staging, "workers of frontend-green", asked=server(processes=(replace(pages, processors=()),))).good is None


def test_variables_that_no_process_shows_are_not_known(staging: Environment) -> None:
    one = named(staging, "WEB_CONCURRENCY of backend-green", asked=server(processes=(replace(WORKERS, variables={}, words="it has no shell"),)))
    assert (one.good, one.note) == (None, "it has no shell")


def test_limits_are_those_of_the_engine(staging: Environment) -> None:
    limit = ContainerLimit("redis", 0.5, 512 * 2**20)
    name = "redis"
    assert named(staging, name, asked=server(limits=(limit,))).good is True
    assert named(staging, name, asked=server(limits=(replace(limit, memory_bytes=None),))).in_force == "0.5 CPU, no memory limit"
    assert named(staging, name, asked=server()).note == "no container of it runs"


def test_redis_is_compared_in_bytes_and_a_refusal_is_not_known(staging: Environment) -> None:
    state = CacheState("redis", {"maxmemory": str(384 * 2**20), "maxmemory-policy": "noeviction"}, unknown={"setting appendonly": "NOPERM"})
    asked = server(caches=(state,))
    assert named(staging, "maxmemory", asked=asked).good is True
    policy = named(staging, "maxmemory-policy", asked=asked)
    assert (policy.good, policy.in_force) == (False, "noeviction")
    assert policy.change.startswith("Now: CONFIG SET maxmemory-policy allkeys-lru.")
    assert (named(staging, "appendonly", asked=asked).good, named(staging, "appendonly", asked=asked).note) == (None, "NOPERM")
    assert named(staging, "maxmemory", asked=server(caches=(replace(state, settings={"maxmemory": "0"}),))).in_force == "no limit"


@pytest.mark.parametrize("value", ["-5", "0", "many"])
def test_only_numbers_above_zero_have_a_place_in_the_chart(staging: Environment, value: str) -> None:
    workers = WorkerProcesses("backend-blue", 4, 1, variables={"WEB_CONCURRENCY": (value,)})
    found = named(staging, "WEB_CONCURRENCY of backend-blue", asked=server(processes=(workers,)))
    assert (found.good, found.in_force, found.ratio) == (False, value, None)


def test_a_value_that_is_empty_is_known(staging: Environment) -> None:
    state = CacheState("redis", {"appendonly": ""})
    found = named(staging, "appendonly", asked=server(caches=(state,))).finding
    assert (found.verdict, found.measured) == ("failed", "empty")


@pytest.mark.parametrize(("pool", "good"), [((Sample({}, 20.0),), True), ((Sample({}, 5.0),), False), ((), None), ((Sample({}, None),), None), (AWAY, None)])
def test_the_pool_is_what_the_application_reports(staging: Environment, pool: tuple[Sample, ...] | Unanswered, good: bool | None) -> None:
    assert named(staging, "connection pool", pool=pool).good is good


def test_without_any_answer_every_value_is_inconclusive_and_says_why(staging: Environment) -> None:
    found = [one.finding for one in planned_values(staging, AWAY, AWAY, AWAY)]
    assert {(one.verdict.value, one.measured) for one in found} == {("inconclusive", "not known (it is away)")}


def test_what_the_environment_does_without_is_not_applicable(staging: Environment) -> None:
    bare = staging.model_copy(update={"cache": None, "without": {"cache": "it keeps nothing"}})
    assert (named(bare, "maxmemory").finding.verdict, named(bare, "maxmemory").finding.measured) == ("not applicable", "it keeps nothing")
    assert named(staging, "connection pool", pool=None).finding.verdict == "not applicable"


def test_effects_are_told_by_the_direction() -> None:
    assert effect_of("maxmemory", 0.5) == "Until then entries are evicted early: fewer hits."
    assert "killed for memory" in effect_of("maxmemory", 2)
    assert effect_of("of_an_extension", 2) == ""
