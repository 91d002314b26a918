from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.environment import load_environment
from runbook_lib.recovery.checks.backup import backup_is_new, backup_preconditions
from runbook_lib.recovery.checks.dump import dump_matches_manifest
from runbook_lib.recovery.checks.freshness import last_backup
from runbook_lib.recovery.facts.backups import Backup, Backups, PartialBackup
from runbook_lib.recovery.facts.dumps import DumpContents
from runbook_lib.recovery.facts.manifests import Manifest, TableContents

ENVIRONMENT = load_environment("staging")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def backup(hours: float, *, size: int = 1000, sha256: str | None = "a" * 64) -> Backup:
    taken = NOW - timedelta(hours=hours)
    name = f"staging_db_{taken:%Y%m%d_%H%M%S}.sql.gz"
    tables = (TableContents("public.users", 3, "1:2"),)
    manifest = Manifest(name, "staging_db", "a" * 64, size, 9, 9, taken, taken, 1.0, "15", "15", "0002", tables)
    return Backup(name, taken, size, manifest, sha256)


def folder(*backups: Backup, **changes: object) -> Backups:
    whole = Backups("/backups/postgres", "staging_db", NOW, NOW, True, 10**9, 10**10, backups)
    return dataclasses.replace(whole, **changes)  # type: ignore[arg-type]


def verdicts(findings: tuple[Finding, ...]) -> dict[str, Verdict]:
    return {one.check: one.verdict for one in findings}


def test_a_full_disk_stops_the_backup_before_it_starts() -> None:
    found = backup_preconditions(folder(backup(24, size=8 * 10**8)), ENVIRONMENT, database_bytes=1)
    assert verdicts(found)["the disk has enough free space"] is Verdict.FAILED


def test_the_first_backup_is_measured_by_the_database_and_an_unknown_size_is_no_pass() -> None:
    for size, verdict in ((10**8, Verdict.PASSED), (10**9, Verdict.FAILED), (None, Verdict.INCONCLUSIVE)):
        found = backup_preconditions(folder(), ENVIRONMENT, database_bytes=size)
        assert verdicts(found)["the disk has enough free space"] is verdict


@pytest.mark.parametrize("writable", [False, None])
def test_a_folder_that_cannot_be_written_stops_the_backup(writable: bool | None) -> None:
    found = backup_preconditions(folder(writable=writable), ENVIRONMENT, database_bytes=1)
    assert verdicts(found)["the backup folder is writable"] is Verdict.FAILED


def test_a_running_backup_stops_another() -> None:
    left = (PartialBackup("staging_db.sql.gz.partial", 5, True),)
    found = backup_preconditions(folder(partials=left), ENVIRONMENT, database_bytes=1)
    assert verdicts(found)["no other backup is running"] is Verdict.FAILED


def test_the_last_backup_counts_only_with_its_own_bytes() -> None:
    for sha256, verdict in (("a" * 64, Verdict.PASSED), ("b" * 64, Verdict.FAILED), (None, Verdict.FAILED)):
        found = last_backup(folder(backup(2, sha256=sha256)), ENVIRONMENT)
        assert verdicts(found)["the last backup is verified"] is verdict


def test_a_backup_older_than_the_environment_allows_is_not_fresh() -> None:
    for age, verdict in ((25, Verdict.PASSED), (27, Verdict.FAILED)):
        assert verdicts(last_backup(folder(backup(age)), ENVIRONMENT))["the last backup is fresh"] is verdict


def test_freshness_on_a_doubtful_clock_is_inconclusive() -> None:
    found = last_backup(folder(backup(2), our_clock=NOW + timedelta(days=3)), ENVIRONMENT)
    assert verdicts(found)["the last backup is fresh"] is Verdict.INCONCLUSIVE


def test_no_backup_is_a_failure_and_before_the_first_deployment_a_warning() -> None:
    assert last_backup(folder(), ENVIRONMENT)[0].verdict is Verdict.FAILED
    assert last_backup(folder(), ENVIRONMENT, has_database=False)[0].verdict is Verdict.WARNING


def test_a_new_backup_is_the_one_that_was_not_there_before() -> None:
    old, new = backup(24), backup(0)
    before, after = folder(old), folder(new, old)
    assert after.added_since(before) == new
    assert {one.verdict for one in backup_is_new(before, after)} == {Verdict.PASSED}
    assert backup_is_new(before, before)[0].verdict is Verdict.FAILED


def test_a_dump_half_as_large_as_the_last_one_is_a_warning() -> None:
    found = backup_is_new(folder(backup(24)), folder(backup(0, size=400), backup(24)))
    assert verdicts(found)["the size is close to the previous one"] is Verdict.WARNING


@pytest.mark.parametrize(
    ("reading", "failing"),
    [
        (DumpContents(True, True, {"public.users": 3}), 0),
        (DumpContents(True, True, {"public.users": 2}), 1),
        (DumpContents(True, True, {"public.users": 3, "public.more": 0}), 1),
        (DumpContents(True, False, {"public.users": 3}), 1),
        (DumpContents(False, False, {}), 3),
    ],
)
def test_a_dump_must_read_to_its_end_with_every_row(reading: DumpContents, failing: int) -> None:
    found = dump_matches_manifest(backup(0), reading)
    assert sum(one.verdict is Verdict.FAILED for one in found) == failing


def test_nothing_to_read_is_inconclusive() -> None:
    assert dump_matches_manifest(None, None)[0].verdict is Verdict.INCONCLUSIVE
