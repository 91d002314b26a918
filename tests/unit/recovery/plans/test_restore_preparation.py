"""What a restore begins with: it rests on the backup's bytes, on what is live, and on the databases that there are."""

from __future__ import annotations

from dataclasses import replace

from runbook_lib.core.commands import Command
from runbook_lib.core.findings import Verdict
from runbook_lib.core.plan import Plan, Step
from runbook_lib.recovery.plans.restore_preparation import (
    NO_BACKUP_FIRST,
    preparation,
    restore_facts,
    unchanged_since_plan,
)
from tests.unit.recovery.plans.test_restore_in_place import BACKUP, BY_HAND, ENVIRONMENT, LIVE


def test_another_application_or_database_under_the_lock_stops_the_restore() -> None:
    judge = unchanged_since_plan(ENVIRONMENT, BY_HAND, LIVE).judge
    assert [one.verdict for one in judge(BY_HAND, LIVE)] == [Verdict.PASSED, Verdict.PASSED]
    other = replace(BY_HAND, by_hand=("web (web:latest, another image)",))
    assert judge(other, LIVE)[0].verdict is Verdict.FAILED


def test_a_live_database_that_cannot_be_backed_up_is_said_to_be_left_out() -> None:
    steps, skipped = preparation(ENVIRONMENT, BACKUP, None)
    assert [one.reason for one in skipped] == [NO_BACKUP_FIRST]
    assert steps[-1].key == "restore-compare"


def test_a_database_that_a_dead_restore_left_closed_is_opened_before_it_is_backed_up() -> None:
    backup = Plan("backup", "shop", (Step("backup-dump", "Dump it", (Command(("true",)),)),))
    steps, _ = preparation(ENVIRONMENT, BACKUP, backup)
    assert [one.key for one in steps] == ["restore-clear", "backup-dump", "restore-create", "restore-load", "restore-compare"]


def test_the_facts_of_a_plan_name_the_bytes_of_the_backup() -> None:
    assert restore_facts(BACKUP, BY_HAND, LIVE)["sha256"] == "0" * 64
