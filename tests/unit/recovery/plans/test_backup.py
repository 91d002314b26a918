from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runbook_lib.core.errors import PreconditionFailed
from runbook_lib.environment import load_environment
from runbook_lib.recovery.facts.backups import Backup, Backups, PartialBackup
from runbook_lib.recovery.facts.manifests import Manifest
from runbook_lib.recovery.plans.backup import expired, plan_backup

ENVIRONMENT = load_environment("staging")
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


def backup(age: timedelta, *, good: bool = True, size: int = 1000) -> Backup:
    taken = NOW - age
    name = f"staging_db_{taken:%Y%m%d_%H%M%S}.sql.gz"
    manifest = Manifest(name, "staging_db", "0" * 64, size, 9, 9, taken, taken, 1.0, "15.20", "15.20", "0002", ())
    return Backup(name, taken, size, manifest if good else None)


def folder(*backups: Backup, server: datetime = NOW, partials: tuple[PartialBackup, ...] = ()) -> Backups:
    newest_first = tuple(sorted(backups, key=lambda one: one.name, reverse=True))
    return Backups("/backups/postgres", "staging_db", server, NOW, True, 10**9, 10**10, newest_first, partials)


def daily(days: int) -> tuple[Backup, ...]:
    return tuple(backup(timedelta(days=day)) for day in range(days))


def keys(backups: Backups) -> list[str]:
    return [step.key for step in plan_backup(backups, ENVIRONMENT).steps]


def test_a_backup_is_dumped_checked_and_published_before_anything_is_pruned() -> None:
    assert keys(folder(*daily(40))) == ["backup-dump", "backup-check", "backup-publish", "backup-prune"]


def test_the_first_words_of_a_report_answer_what_was_asked() -> None:
    """*Done: back up staging_db* was an order, and left open whether there is a dump that can be trusted."""
    assert plan_backup(folder(), ENVIRONMENT).achieves == (
        "staging_db on staging is backed up: every row is in the dump, which was read again")


def test_a_failure_after_the_backup_keeps_it() -> None:
    steps = {step.key: step for step in plan_backup(folder(), ENVIRONMENT).steps}
    assert steps["backup-publish"].keeps == "the backup {published}"
    assert steps["backup-dump"].kept_by == "backup-publish"


def test_the_rest_of_a_dead_backup_is_cleared_and_a_running_one_is_not() -> None:
    dead, alive = (PartialBackup("staging_db.sql.gz.partial", 5, held) for held in (False, True))
    assert keys(folder(partials=(dead,)))[0] == "backup-clear"
    assert keys(folder(partials=(alive,)))[0] == "backup-dump"


def test_a_plan_without_a_prune_says_why() -> None:
    plan = plan_backup(folder(*daily(3)), ENVIRONMENT)
    assert [skip.reason for skip in plan.skipped] == ["no verified backup is older than 30 days beyond the newest 7"]


def test_the_same_facts_give_the_same_plan_so_that_it_can_be_pinned() -> None:
    later = folder(*daily(3), server=NOW + timedelta(seconds=30))
    assert plan_backup(folder(*daily(3)), ENVIRONMENT).hash == plan_backup(later, ENVIRONMENT).hash


def test_the_newest_good_ones_stay_even_when_all_are_old() -> None:
    old = [backup(timedelta(days=100 + day)) for day in range(9)]
    assert [one.name for one in expired(folder(*old), ENVIRONMENT)] == [old[8].name, old[7].name]


def test_unverified_backups_neither_expire_nor_count_as_newest_good_ones() -> None:
    unknown = [backup(timedelta(days=40 + day), good=False) for day in range(7)]
    good = [backup(timedelta(days=50 + day)) for day in range(7)]
    assert expired(folder(*unknown, *good), ENVIRONMENT) == ()


@pytest.mark.parametrize("apart", [timedelta(days=400), timedelta(minutes=-5)])
def test_nothing_expires_when_the_servers_clock_has_jumped(apart: timedelta) -> None:
    jumped = folder(*daily(60), server=NOW + apart)
    assert expired(jumped, ENVIRONMENT) == ()
    assert "clock" in plan_backup(jumped, ENVIRONMENT).skipped[0].reason


def test_a_backup_from_the_future_makes_the_clock_problemful() -> None:
    assert "future" in folder(backup(timedelta(days=-1))).clock_problem


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 200), st.booleans()), unique_by=lambda pair: pair[0], max_size=60))
def test_whatever_lies_there_the_newest_good_ones_survive(lying: list[tuple[int, bool]]) -> None:
    backups = folder(*(backup(timedelta(days=age), good=good) for age, good in lying))
    kept = ENVIRONMENT.backup.keep_newest
    gone = expired(backups, ENVIRONMENT)
    assert not set(gone) & set(backups.good[:kept])
    assert all(one.good and backups.age(one) > timedelta(days=30) for one in gone)


def test_a_server_that_cannot_read_dumps_is_refused_before_any_step() -> None:
    """Also in the plans that only begin with a backup: a deployment, a rollback, a restore."""
    with pytest.raises(PreconditionFailed, match="no flock, perl with Digest::MD5") as refused:
        plan_backup(replace(folder(), lacking=("flock", "perl with Digest::MD5")), ENVIRONMENT)
    assert "apt-get install perl" in refused.value.next_step
