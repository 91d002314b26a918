from __future__ import annotations

from dataclasses import replace

import pytest

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.platform.facts.database import DatabaseState
from runbook_lib.platform.facts.server import DOCKER_DATA, Disk, ServerState
from runbook_lib.recovery.checks.restore import database_is_restored, database_name_confirmed
from runbook_lib.recovery.checks.restore_readiness import (
    DISK,
    NO_OTHER_SWAP,
    PRE_RESTORE_BACKUP,
    SCHEMA,
    restore_preconditions,
)
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.dumps import DumpContents
from runbook_lib.recovery.facts.restore_databases import Databases, RestoreDatabase
from tests.unit.recovery.plans.test_restore import BACKUP, ENVIRONMENT, MANIFEST, NOTHING_BESIDE, half_way, target

READING = DumpContents(True, True, {"public.squads": 5})
ALIVE = DatabaseState("15.20", 9, "0002", 1, 100, ())


def server(free_bytes: int = 10**10) -> ServerState:
    return ServerState((Disk(DOCKER_DATA, "/", 10**11, free_bytes, None, None),), 1, 1, 0.0, 1, 0.0, {})


def look(backup: Backup = BACKUP, *, reading: DumpContents | None = READING, databases: Databases = NOTHING_BESIDE,
         free_bytes: int = 10**10, live: DatabaseState | None = ALIVE, backup_first: bool = True,
         live_target: bool = False) -> dict[str, Finding]:
    found = restore_preconditions(ENVIRONMENT, backup, reading, target(), databases, server(free_bytes), live=live,
                                  backup_first=backup_first, target_is_live=live_target)
    return {one.check: one for one in found}


def bad(found: dict[str, Finding]) -> set[str]:
    return {name for name, one in found.items() if one.verdict not in (Verdict.PASSED, Verdict.WARNING)}


def test_a_whole_backup_of_this_database_with_a_known_schema_may_come_back() -> None:
    assert bad(look()) == set()


def test_a_backup_that_is_newer_than_the_code_can_read_is_refused() -> None:
    newer = replace(BACKUP, manifest=replace(MANIFEST, schema_revision="0003"))
    assert SCHEMA in bad(look(newer))
    assert SCHEMA in bad(look(newer, live_target=True)), "it serves on 0002"


def test_code_that_serves_on_a_newer_schema_reads_a_backup_of_that_schema_and_other_code_does_not() -> None:
    newer = replace(BACKUP, manifest=replace(MANIFEST, schema_revision="0003"))
    assert bad(look(newer, live=replace(ALIVE, revision="0003"), live_target=True)) == set()
    assert SCHEMA in bad(look(newer, live=replace(ALIVE, revision="0003")))


@pytest.mark.parametrize("change", [
    {"sha256": "1" * 64}, {"manifest": None}, {"manifest": replace(MANIFEST, database="other_db")}, {"sha256": None},
])
def test_a_backup_that_is_damaged_unread_or_of_another_database_is_refused(change: dict[str, object]) -> None:
    assert bad(look(replace(BACKUP, **change)))  # type: ignore[arg-type]


def test_a_dump_that_lacks_rows_or_its_end_is_refused() -> None:
    assert bad(look(reading=replace(READING, rows={"public.squads": 4})))
    assert bad(look(reading=replace(READING, complete=False)))
    assert bad(look(reading=None))


def test_a_disk_without_room_for_a_second_database_is_refused() -> None:
    large = replace(BACKUP, manifest=replace(MANIFEST, database_bytes=10**9))
    assert bad(look(large, free_bytes=1_299_999_999)) == {DISK}
    assert bad(look(large, free_bytes=1_300_000_000)) == set()


def test_the_exchange_of_another_backup_must_be_finished_first() -> None:
    other = replace(BACKUP, name="staging_db_20261121_020000.sql.gz")
    assert NO_OTHER_SWAP in bad(look(other, databases=half_way()))
    assert NO_OTHER_SWAP not in bad(look(databases=half_way()))


def test_a_live_database_that_does_not_answer_must_be_left_out_knowingly() -> None:
    check = PRE_RESTORE_BACKUP
    assert check in bad(look(live=None))
    assert look(live=None, backup_first=False)[check].verdict is Verdict.WARNING


@pytest.mark.parametrize("words", ["", "staging", "staging_db ", "STAGING_DB", "'; DROP DATABASE staging_db"])
def test_any_other_word_than_the_database_is_no_confirmation(words: str) -> None:
    assert database_name_confirmed(ENVIRONMENT, words, "apply").verdict is Verdict.FAILED
    assert database_name_confirmed(ENVIRONMENT, words, "plan").verdict is Verdict.PASSED
    assert database_name_confirmed(ENVIRONMENT, words, "apply", required=False).verdict is Verdict.PASSED


def test_the_database_name_confirmed_by_its_name() -> None:
    assert database_name_confirmed(ENVIRONMENT, "staging_db", "apply").verdict is Verdict.PASSED


def restored() -> Databases:
    kept = RestoreDatabase("staging_db_before_20261122_040000", "staging_user", 9, "retained, staging_db was restored", False)
    live = RestoreDatabase("staging_db", "staging_user", 9, f"restored from {BACKUP.name}", True)
    return Databases("staging_db", live, (), (kept,))


def verdicts(after: Databases) -> set[Verdict]:
    return {one.verdict for one in database_is_restored(ENVIRONMENT, NOTHING_BESIDE, after, BACKUP)}


def test_a_restore_is_believed_when_the_database_says_where_it_comes_from() -> None:
    assert verdicts(restored()) == {Verdict.PASSED}
    assert Verdict.FAILED in verdicts(NOTHING_BESIDE)


def test_a_shut_or_foreign_database_or_one_that_was_not_kept_is_no_success() -> None:
    after = restored()
    assert after.live is not None
    assert Verdict.FAILED in verdicts(replace(after, live=replace(after.live, open=False)))
    assert Verdict.FAILED in verdicts(replace(after, live=replace(after.live, owner="postgres")))
    assert Verdict.FAILED in verdicts(replace(after, retained=()))
    assert Verdict.FAILED in verdicts(replace(after, live=None))


def test_only_a_kept_database_that_no_exchange_needs_may_be_dropped() -> None:
    name = "staging_db_before_20261122_030000"
    def verdicts_of_drop(databases: Databases, name: str) -> set[Verdict]:
        return {one.verdict for one in restore_preconditions(ENVIRONMENT, BACKUP, None, target(), databases, server(),
                                                             live=ALIVE, backup_first=True, drop=name)}

    assert Verdict.FAILED in verdicts_of_drop(half_way(), name)
    assert Verdict.FAILED in verdicts_of_drop(restored(), "staging_db")
    assert verdicts_of_drop(restored(), "staging_db_before_20261122_040000") == {Verdict.PASSED}
