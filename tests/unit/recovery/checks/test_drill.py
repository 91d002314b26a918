from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.server import Disk, ServerState
from runbook_lib.recovery.checks.drill import drill_findings, drill_results
from runbook_lib.recovery.checks.drill_readiness import drill_preconditions
from runbook_lib.recovery.checks.restorable import backup_is_restorable
from runbook_lib.recovery.facts.backups import Backup, Backups
from runbook_lib.recovery.facts.drill_selection import select_for_drill
from runbook_lib.recovery.facts.drills import Drill, DrillOutcome, Drills, Read
from runbook_lib.recovery.facts.dumps import DumpContents
from runbook_lib.recovery.facts.manifests import Manifest, TableContents

ENVIRONMENT = load_environment("staging")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TABLES = (TableContents("public.users", 3, "1:2"), TableContents("public.builds", 7, "4:5"))
READING = DumpContents(True, True, {"public.users": 3, "public.builds": 7})
OBJECTS = {"count": 9, "definitions": "0a"}
DEPLOYED = Deployed("blue", "c", "BLUE_COMMIT=c", None, None, frozenset({"gw2-backend:c"}), ())
SERVER = ServerState((Disk("/var/lib/docker", "/", 10**11, 10**10, None, None),), 8 * 2**30, 4 * 2**30, 0.1, 2, 0.0, {})


def backup(days: int = 0, **changes: Any) -> Backup:
    taken = NOW - timedelta(days=days)
    name = f"staging_db_{taken:%Y%m%d_%H%M%S}.sql.gz"
    manifest = Manifest(name, "staging_db", "a" * 64, 9, 9, 9, taken, taken, 1.0, "15", "15", "2", TABLES, OBJECTS)
    return Backup(name, taken, 9, replace(manifest, **changes), "a" * 64)


def drill(**changes: Any) -> Drill:
    reads = (Read("/api/v1/builds", 200, True, 0.1, "public.builds", 7),)
    whole = Drill(NOW, "r", backup().name, "a" * 64, DrillOutcome.PASSED, "all", "restored", 9.0, 1.0, 10**6, TABLES, OBJECTS, "2", 6,
                  12, 4, reads, "gw2-backend:c", "none", ("tmpfs /var/lib/postgresql/data from memory",), 3.0)
    return replace(whole, **changes)


def folder(*backups: Backup) -> Backups:
    return Backups("/backups/postgres", "staging_db", NOW, NOW, True, backups=backups)


def worst(findings: tuple[Finding, ...]) -> Verdict:
    return Verdict.worst(one.verdict for one in findings)


def test_a_backup_that_came_back_passes() -> None:
    assert worst(drill_findings(backup(), drill())) is Verdict.PASSED


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": DrillOutcome.FAILED},
        {"tables": TABLES[:1]},
        {"tables": (*TABLES, TableContents("public.more", 0, "0:0"))},
        {"tables": (TABLES[0], TableContents("public.builds", 7, "4:6"))},
        {"objects": {"count": 8, "definitions": "0b"}},
        {"network": "bridge"},
        {"mounts": ("volume /var/lib/postgresql/data from x", "bind /x from /backups")},
        {"reads": (Read("/api/v1/builds", 500, True, 0.1, "public.builds", None),)},
        {"reads": (Read("/api/v1/builds", 200, True, 0.1, "public.builds", 6),)},
        {"reads": (Read("/api/v1/builds", 200, False, 0.1, "", None),)},
        {"reads": ()},
    ],
)
def test_whatever_did_not_come_back_fails(changes: dict[str, Any]) -> None:
    found = drill_findings(backup(), drill(**changes))
    assert worst(found) is Verdict.FAILED
    assert all(one.next_step for one in found if one.verdict is Verdict.FAILED)


@pytest.mark.parametrize(
    "changes",
    [{"outcome": DrillOutcome.ERROR}, {"sha256": "b" * 64}, {"tables": None, "reads": (Read("/x", 200, True, 0.1, "", None),)},
     {"constraints": None}, {"sequences": None}, {"reads": None}, {"network": None}, {"mounts": None}, {"restore_s": None}],
)
def test_what_was_not_looked_at_is_never_a_pass(changes: dict[str, Any]) -> None:
    assert worst(drill_findings(backup(), drill(**changes))) is Verdict.INCONCLUSIVE


def test_a_drill_from_before_proves_nothing_about_this_run() -> None:
    backups, before = folder(backup()), Drills((drill(),))
    selection = select_for_drill(backups)
    assert worst(drill_results(selection, backups, before, before)) is Verdict.INCONCLUSIVE
    assert worst(drill_results(selection, backups, before, Drills((drill(), drill(run_id="now"))))) is Verdict.PASSED


def test_one_backup_is_a_warning_and_none_is_a_stop() -> None:
    def verdict(*backups: Backup) -> Verdict:
        found = folder(*backups)
        return worst(drill_preconditions(select_for_drill(found), found, DEPLOYED, SERVER, ENVIRONMENT))

    assert verdict(backup(0), backup(1)) is Verdict.PASSED
    assert verdict(backup(0)) is Verdict.WARNING
    assert verdict() is Verdict.FAILED
    assert verdict(replace(backup(0), manifest=None), backup(1), backup(2)) is Verdict.WARNING


def test_a_name_that_is_not_there_stops_the_drill() -> None:
    found = folder(backup(0), backup(1))
    choice = select_for_drill(found, older="staging_db_20200101_000000.sql.gz")
    assert worst(drill_preconditions(choice, found, DEPLOYED, SERVER, ENVIRONMENT)) is Verdict.FAILED


@pytest.mark.parametrize(("memory", "disk", "size"), [(2**29, 10**10, 9), (4 * 2**30, 10**9, 10**9)])
def test_a_server_without_room_holds_no_drill(memory: int, disk: int, size: int) -> None:
    found = folder(backup(0, database_bytes=size), backup(1, database_bytes=size))
    server = replace(SERVER, memory_available_bytes=memory, disks=(replace(SERVER.disks[0], free_bytes=disk),))
    assert worst(drill_preconditions(select_for_drill(found), found, DEPLOYED, server, ENVIRONMENT)) is Verdict.FAILED


def test_a_damaged_newest_backup_fails_whatever_the_older_ones_are() -> None:
    for backups in (folder(replace(backup(), sha256="b" * 64), backup(1)), folder()):
        found = drill_results(select_for_drill(backups), backups, Drills(), Drills())
        assert found[-1].verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("one", "reading"),
    [
        (None, READING),
        (replace(backup(), manifest=None), READING),
        (replace(backup(), sha256="b" * 64), READING),
        (replace(backup(), size_bytes=8), READING),
        (backup(database="billing"), READING),
        (backup(taken_at=NOW - timedelta(hours=1)), READING),
        (backup(tables=()), DumpContents(True, True, {})),
        (backup(), DumpContents(False, True, READING.rows)),
        (backup(), DumpContents(True, False, READING.rows)),
        (backup(), DumpContents(True, True, {"public.users": 3})),
        (backup(), DumpContents(True, True, {**READING.rows, "public.more": 0})),
    ],
)
def test_a_doubtful_backup_is_not_restorable(one: Backup | None, reading: DumpContents) -> None:
    found = backup_is_restorable(one, reading, ENVIRONMENT)
    assert worst(found) is Verdict.FAILED
    assert all(each.next_step for each in found if each.verdict is Verdict.FAILED)


def test_a_backup_that_was_not_read_is_not_restorable_either() -> None:
    assert worst(backup_is_restorable(backup(), READING, ENVIRONMENT)) is Verdict.PASSED
    assert worst(backup_is_restorable(backup(), None, ENVIRONMENT)) is Verdict.INCONCLUSIVE
    assert worst(backup_is_restorable(replace(backup(), sha256=None), READING, ENVIRONMENT)) is Verdict.INCONCLUSIVE
