"""The steps of a restore: what each does, how it is undone, and what reaches the server as a command or a file."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.core.plan import Step
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.releases import parse_live_colour
from runbook_lib.platform.plans.release_files import upstreams_file
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.manifests import Manifest, TableContents
from runbook_lib.recovery.plans import restore_steps as steps

ENVIRONMENT = load_environment("staging")
TAKEN = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
NAME = "staging_db_20261122_020000.sql.gz"
MANIFEST = Manifest(NAME, "staging_db", "5" * 64, 9, 9, 9, TAKEN, TAKEN, 1.0, "15.20", "15.20", "0002", (TableContents("public.squads", 5, "1:2"),))
BACKUP = Backup(NAME, TAKEN, 9, MANIFEST, "5" * 64)
STAGED = "staging_db_restore_20261122_020000"
PROGRAM = steps.restore_program()


def command(step: Step, at: int = 0) -> Command:
    found = step.actions[at]
    assert isinstance(found, Command)
    return found


def restoring(found: Command) -> tuple[str, ...]:
    """Step, database, staged database and what follows the way into the container, of the restore program."""
    assert found.stdin == PROGRAM
    words = found.argv[found.argv.index("--") + 1:]
    assert words[3] == ENVIRONMENT.database.owner
    return (*words[:3], *words[5 + int(words[4]):])


def test_each_program_names_live_and_staged_database_and_what_it_reads() -> None:
    done = [restoring(command(step)) for step in steps.staging(ENVIRONMENT, BACKUP)]
    folder = "/backups/postgres/staging_db_20261122_020000"
    assert done == [
        ("clear", "staging_db", STAGED),
        ("create", "staging_db", STAGED),
        ("load", "staging_db", STAGED, f"{folder}.sql.gz", "5" * 64),
        ("compare", "staging_db", STAGED, f"{folder}.manifest.json", NAME),
    ]
    assert [restoring(command(steps.swap(ENVIRONMENT, BACKUP))), restoring(command(steps.commit_restore(ENVIRONMENT, BACKUP)))[:3]] == [
        ("swap", "staging_db", STAGED), ("commit", "staging_db", STAGED)]
    assert restoring(command(steps.drop_retained(ENVIRONMENT, "staging_db_before_1"))) == (
        "drop", "staging_db", "staging_db_before_1", "staging_db_before_1")


def test_a_backup_without_a_manifest_names_no_bytes_and_is_refused_by_the_program() -> None:
    load = steps.staging(ENVIRONMENT, Backup(NAME, TAKEN, 9, None))[2]
    assert restoring(command(load))[-1] == ""


def test_a_load_may_take_an_hour_and_each_step_of_the_outage_two_minutes() -> None:
    assert [command(step).timeout_s for step in steps.staging(ENVIRONMENT, BACKUP)] == [120, 120, 3600, 3600]
    assert command(steps.swap(ENVIRONMENT, BACKUP)).timeout_s == 120


def test_what_is_created_is_cleared_by_the_undo_and_a_swap_is_swapped_back() -> None:
    create, swap = steps.staging(ENVIRONMENT, BACKUP)[1], steps.swap(ENVIRONMENT, BACKUP)
    (clear,), (back,) = create.undo, swap.undo
    assert isinstance(clear, Command)
    assert isinstance(back, Command)
    assert (restoring(clear)[0], restoring(back)[0]) == ("clear", "swap-back")


@pytest.mark.parametrize("colour", ["blue", "green"])
def test_maintenance_is_entered_and_left_with_the_colour_that_has_the_traffic(colour: str) -> None:
    on, off = steps.maintenance_on(ENVIRONMENT, colour), steps.maintenance_off(ENVIRONMENT, colour)
    page, live = steps.maintenance_page(ENVIRONMENT, colour), upstreams_file(ENVIRONMENT, colour)
    written = [[action.content for action in actions if isinstance(action, WriteFile)]
               for actions in (on.actions, on.undo, off.actions, off.undo)]
    assert written == [[page], [live], [live], [page]]
    assert f"backend-{colour}" in command(on).argv
    for actions in (on.actions[1:], on.undo, off.actions, off.undo):  # nginx keeps its old file where the new one is faulty
        assert [isinstance(action, WriteFile) for action in actions] == [True, False, False]
        assert "nginx_as_started -t -q" in str(actions[1])


def test_the_watchdog_is_there_before_the_outage_begins() -> None:
    on = steps.maintenance_on(ENVIRONMENT, "blue")
    assert "maintenance" in str(command(on).stdin)
    assert isinstance(on.actions[1], WriteFile)
    assert steps.MAINTENANCE_MARK in str(on.actions[1].content)


def test_both_backends_stop_writing_and_only_the_live_one_starts_again() -> None:
    stop, start = steps.stop_writers(ENVIRONMENT, "green"), steps.start_writers(ENVIRONMENT, "green")
    assert {"backend-blue", "backend-green"} <= set(command(stop).argv)
    for action in (*stop.undo, *start.actions):
        assert "backend-green" in str(action)
        assert "backend-blue" not in str(action)
    assert "stop" in str(start.undo[0])


def test_maintenance_mode_asks_to_retry_and_keeps_the_pages() -> None:
    text = steps.maintenance_page(ENVIRONMENT, "green")
    assert "return 503" in text and "Retry-After 30" in text
    assert "server frontend-green:3000" in text and "backend-green" not in text


@pytest.mark.parametrize("services", [("backend", "frontend"), ("backend",)], ids=["a page of its own", "one service"])
def test_a_run_that_finds_maintenance_mode_knows_the_live_colour(services: tuple[str, ...]) -> None:
    """Whatever the page is served by: a run that died there would otherwise be the last one to read this file."""
    release = ENVIRONMENT.release
    rules = release.model_copy(update={"services": {name: release.services[name] for name in services}, "page": None})
    environment = ENVIRONMENT.model_copy(update={"release": rules})
    assert parse_live_colour(steps.maintenance_page(environment, "green"), environment) == "green"
