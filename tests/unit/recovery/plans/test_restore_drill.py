from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.recovery.facts.backups import Backup, Backups
from runbook_lib.recovery.facts.drill_selection import application_images, copy_needs, select_for_drill
from runbook_lib.recovery.facts.manifests import Manifest, TableContents
from runbook_lib.recovery.plans.restore_drill import drill_command, plan_restore_drill

ENVIRONMENT = load_environment("staging")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
RELEASES = tuple(Release(commit, commit, "blue", revision, "r", "me", "why", NOW)
                 for commit, revision in (("aaa", "0001"), ("bbb", "0002"), ("ccc", "0003")))
DEPLOYED = Deployed("blue", "ccc", "BLUE_COMMIT=ccc", "server backend-blue:8000;", None,
                    frozenset({"gw2-backend:aaa", "gw2-backend:bbb", "gw2-backend:ccc"}), RELEASES)


def backup(days: int, *, good: bool = True, database_bytes: int = 20_000_000, revision: str = "0002") -> Backup:
    taken = NOW - timedelta(days=days)
    name = f"staging_db_{taken:%Y%m%d_%H%M%S}.sql.gz"
    tables = (TableContents("public.users", 3, "1:2"),)
    manifest = Manifest(name, "staging_db", "a" * 64, 9, 9, database_bytes, taken, taken, 1.0, "15", "15", revision, tables)
    return Backup(name, taken, 9, manifest if good else None, "a" * 64)


def folder(*backups: Backup) -> Backups:
    return Backups("/backups/postgres", "staging_db", NOW, NOW, True, backups=backups)


MONTH = folder(*(backup(day) for day in range(30)))


def test_the_newest_good_backup_and_one_older_are_drilled() -> None:
    choice = select_for_drill(folder(backup(0, good=False), backup(1), backup(2)))
    assert [one.taken_at.day for one in choice.backups] == [21, 20]


def test_the_same_seed_picks_the_same_backup_and_others_pick_others() -> None:
    picked = [select_for_drill(MONTH, seed=str(number)).older for number in range(60)]
    assert picked == [select_for_drill(MONTH, seed=str(number)).older for number in range(60)]
    assert len({one.name for one in picked if one}) > 15
    assert MONTH.newest not in picked


def test_without_a_seed_a_plan_that_was_shown_is_the_plan_that_is_applied() -> None:
    plans = [plan_restore_drill(select_for_drill(MONTH), DEPLOYED, ENVIRONMENT) for _ in range(2)]
    assert plans[0].hash == plans[1].hash
    assert [step.key for step in plans[0].steps] == ["drill-newest", "drill-older"]


@pytest.mark.parametrize("hostile", ["$(reboot)", "../../etc/passwd", "; rm -rf /", "staging_db_20261122_120000.sql.gz"])
def test_a_name_that_is_no_older_backup_of_the_folder_chooses_nothing_and_reaches_no_command(hostile: str) -> None:
    choice = select_for_drill(MONTH, older=hostile)
    assert choice.older is None
    plan = plan_restore_drill(choice, DEPLOYED, ENVIRONMENT)
    assert len(plan.steps) == 1


def test_a_named_backup_is_taken() -> None:
    named = MONTH.backups[7]
    assert select_for_drill(MONTH, older=named.name).older == named


def test_a_single_backup_is_drilled_alone_and_the_plan_says_so() -> None:
    plan = plan_restore_drill(select_for_drill(folder(backup(0))), DEPLOYED, ENVIRONMENT)
    assert ([step.key for step in plan.steps], len(plan.skipped)) == (["drill-newest"], 1)
    assert plan.achieves == (f"Restored in a drill on {ENVIRONMENT.name}, and compared with what was backed up: "
                             f"{backup(0).name}")
    assert plan_restore_drill(select_for_drill(folder()), DEPLOYED, ENVIRONMENT).reason == "there is no good backup to restore"


def test_small_data_lie_in_bounded_memory_and_large_ones_in_a_volume_that_needs_disk() -> None:
    small, large = copy_needs(backup(0), ENVIRONMENT), copy_needs(backup(0, database_bytes=10**9), ENVIRONMENT)
    assert 0 < small.tmpfs_mb < small.memory_mb
    assert small.disk_bytes == 0
    assert large.tmpfs_mb == 0
    assert large.disk_bytes > 1.5 * 10**9


def test_the_live_release_reads_a_backup_first_then_those_that_served_with_its_schema() -> None:
    assert application_images(ENVIRONMENT, DEPLOYED, backup(0, revision="0001")) == ("gw2-backend:ccc", "gw2-backend:aaa")


def test_the_program_gets_the_checked_sum_and_no_folder_but_by_name() -> None:
    command = drill_command(backup(0), DEPLOYED, ENVIRONMENT)
    assert "a" * 64 in command.argv
    assert isinstance(command.stdin, str)
    runs = re.findall(r"docker (?:run|create)[^|]*?(?=\n\n|>|\|\|)", command.stdin, re.DOTALL)
    assert len(runs) == 2
    assert all("--volume" not in run and "type=bind" not in run and "-v " not in run for run in runs)
    assert "--network none" in runs[0]
    assert '--network "container:$copy"' in runs[1]
