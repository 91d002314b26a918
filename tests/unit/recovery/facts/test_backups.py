from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from runbook_lib.core.errors import BadParameter, PreconditionFailed
from runbook_lib.platform.facts.database import DatabaseState, Table
from runbook_lib.recovery.facts.backups import Backup, Backups
from runbook_lib.recovery.facts.manifests import Manifest, TableContents

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def backup(hours: float, revision: str | None = "0002", rows: int = 100) -> Backup:
    taken = NOW - timedelta(hours=hours)
    name = f"staging_db_{taken:%Y%m%d_%H%M%S}.sql.gz"
    manifest = Manifest(name, "staging_db", "0" * 64, 9, 9, 9, taken, taken, 1.0, "15.20", "15.20", revision,
                        (TableContents("public.squads", rows, "1:2"), TableContents("public.gone", 3, "0:0")))
    return Backup(name, taken, 9, manifest, "0" * 64)


def folder(*backups: Backup) -> Backups:
    return Backups("/backups/postgres", "staging_db", NOW, NOW, True, 10**9, 10**10, backups)


def live(rows: int) -> DatabaseState:
    return DatabaseState("15.20", 9, "0002", 1, 100, (Table("public", "squads", 9, rows), Table("public", "new", 9, 7)))


def test_without_a_name_the_newest_good_one_is_meant() -> None:
    damaged = replace(backup(1), sha256="1" * 64)
    assert folder(damaged, backup(2), backup(3)).select("") == backup(2)


def test_the_backup_of_an_interrupted_restore_comes_before_the_newest() -> None:
    assert folder(backup(1), backup(2)).select("", unfinished=backup(2).name) == backup(2)


def test_a_damaged_one_can_be_named_so_that_the_acceptance_refuses_it() -> None:
    damaged = replace(backup(1), sha256="1" * 64)
    assert folder(damaged).select(damaged.name) == damaged


@pytest.mark.parametrize("name", ["staging_db_20261122_110001.sql.gz", "../etc/passwd", "a; id", "x" * 5000])
def test_a_name_that_is_not_in_the_folder_is_refused(name: str) -> None:
    with pytest.raises(BadParameter) as refused:
        folder(backup(1)).select(name)
    assert len(str(refused.value)) < 400


def test_a_name_with_a_slip_gets_a_hint() -> None:
    with pytest.raises(BadParameter, match=r"did you mean 'staging_db_20261122_110000\.sql\.gz'"):
        folder(backup(1)).select("staging_db_20261122_110001.sql.gz")


def test_an_empty_folder_has_nothing_to_choose() -> None:
    with pytest.raises(PreconditionFailed, match="no good backup"):
        folder().select("")


def test_a_rollback_takes_the_newest_backup_whose_schema_the_release_knows() -> None:
    backups = folder(backup(1, "0003"), backup(2, "0002"), backup(3, "0001"))
    assert backups.select("", revisions={"0001", "0002"}) == backup(2, "0002")


def test_the_loss_counts_rows_that_the_backup_lacks_and_minutes_since_it() -> None:
    loss = folder(backup(2)).loss_since(backup(2), live(140))
    assert (loss.rows, loss.minutes) == (47, 120)
    assert "47 rows" in loss.sentence and "120 minutes" in loss.sentence
    assert {row["table"]: row["would be lost"] for row in loss.table} == {
        "public.gone": 0, "public.new": 7, "public.squads": 40}


def test_a_live_database_that_cannot_be_counted_is_said_and_not_taken_for_empty() -> None:
    loss = folder(backup(2)).loss_since(backup(2), None)
    assert loss.rows is None
    assert "unknown number of rows" in loss.sentence
    assert {row["would be lost"] for row in loss.table} == {"not known"}
