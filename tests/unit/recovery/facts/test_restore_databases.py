from __future__ import annotations

import json
import re

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core import programs
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.environment import load_environment
from runbook_lib.recovery.facts import restore_databases
from runbook_lib.recovery.facts.restore_databases import RestoreDatabase, parse_databases


def line(name: str, comment: str = "", *, shut: bool = False) -> str:
    row = {"name": name, "owner": "staging_user", "size_bytes": 8_000_000, "comment": comment, "open": not shut}
    return json.dumps(row) + "\n"


def test_live_staged_and_retained_databases_are_told_apart() -> None:
    text = line("staging_db", "runbook: restored from a.sql.gz") + line("staging_db_restore_20261122_020000") + line(
        "staging_db_before_20261122_030000", "runbook: retained, staging_db was restored from a.sql.gz", shut=True)
    seen = parse_databases(text, "staging_db")
    assert seen.live and seen.live.comment == "restored from a.sql.gz"
    assert [one.name for one in seen.staged] == ["staging_db_restore_20261122_020000"]
    assert seen.interrupted is None
    assert seen.table[0]["to delete it"] == 'drop_retained = "staging_db_before_20261122_030000"'


def test_roles_that_a_restore_made_are_listed_and_are_no_databases() -> None:
    text = line("staging_db") + json.dumps({"role": "reader"}) + "\n" + json.dumps({"role": 'Big "Role'}) + "\n"
    seen = parse_databases(text, "staging_db")
    assert (seen.live and seen.live.name, seen.made_roles) == ("staging_db", ("reader", 'Big "Role'))
    comment = "runbook: named by a backup, made without login"
    assert comment in restore_databases.QUERY
    assert comment in programs.text("recovery/split_dump.sh")


def test_an_interrupted_swap_names_its_backup() -> None:
    text = line("staging_db") + line("staging_db_before_20261122_030000", "runbook: swap in progress, restored from a.sql.gz")
    assert parse_databases(text, "staging_db").interrupted_backup == "a.sql.gz"


def test_a_swap_that_version_0_1_0_left_unfinished_is_interrupted_too() -> None:
    text = line("staging_db") + line("staging_db_before_20261122_030000", "runbook: swap open, restored from a.sql.gz")
    assert parse_databases(text, "staging_db").interrupted_backup == "a.sql.gz"


def test_the_program_looks_for_the_same_comments() -> None:
    text = programs.text("recovery/restore_database.sh")
    for name in ("SWAP_IN_PROGRESS", "SWAP_IN_PROGRESS_BEFORE_0_2", "RESTORED_FROM"):
        assert f"{name}='{getattr(restore_databases, name)}'" in text
    assert text.count("$MARK$SWAP_IN_PROGRESS_BEFORE_0_2") == 1


def test_who_closed_the_live_database_is_known_by_the_note_of_the_program() -> None:
    closed = json.dumps({**json.loads(line("staging_db", shut=True)), "closed_by_restore": True})
    seen = parse_databases(closed, "staging_db")
    assert seen.live and seen.live.closed_by_restore
    notes = re.findall(r"^readonly SAVED_(?:ACCESS|LIMIT)=(\S+)$", programs.text("recovery/database_definition.sh"), re.M)
    assert len(notes) == 2 and all(f"one LIKE '{note}=%'" in restore_databases.QUERY for note in notes)


def test_a_live_database_that_is_gone_is_none() -> None:
    assert parse_databases("", "staging_db").live is None


@pytest.mark.parametrize("text", ["psql: error", '{"name": "staging_db"}\n', "[]\n"])
def test_any_other_reply_is_unreadable(text: str) -> None:
    with pytest.raises(FactUnreadable):
        parse_databases(text, "staging_db")


def test_the_time_of_a_retained_database_is_in_its_name() -> None:
    def since(name: str) -> str:
        return str(RestoreDatabase(name, "staging_user", 9, "", False).retained_since)

    assert since("staging_db_before_20261122_030000") == "2026-11-22 03:00:00+00:00"
    assert since("staging_db_before_20269922_030000") == "None"


def test_a_database_that_is_stopped_is_named_with_what_shows_it() -> None:
    """32 advised to run its own program by hand: `sh` ended with exit code 126."""
    environment = load_environment("staging")
    stopped = ScriptedConnections(commands={"docker exec": (126, "", "no container of postgres is running\n")})
    with pytest.raises(FactUnreadable, match="No container of postgres is running") as raised:
        restore_databases.survey_databases(environment).fetch(stopped)
    assert f"docker compose -p {environment.project} ps --all postgres" in raised.value.next_step


def test_a_database_that_hangs_is_given_up_by_psql_itself() -> None:
    """22 could plan no rollback while PostgreSQL hung: a minute later the end of the command ended the run."""
    connections = ScriptedConnections(commands={"docker exec": ""})
    restore_databases.survey_databases(load_environment("staging")).fetch(connections)
    (asked,) = connections.server.asked
    assert "PGCONNECT_TIMEOUT=5" in asked.argv
