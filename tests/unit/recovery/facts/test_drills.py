from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.environment import load_environment
from runbook_lib.recovery.facts.drills import Drills, parse_drills, survey_drills

NAME = "staging_db_20261122_020000.sql.gz"


def line(**changes: Any) -> str:
    record = {"format": 1, "at": "2026-11-22T03:00:00+00:00", "run_id": "r1", "backup": NAME, "sha256": "a" * 64,
              "outcome": "passed", "stage": "all", "message": base64.b64encode(b"restored").decode(), "seconds": 12.5,
              "plain_bytes": 5_000_000, "restore_s": 2.0, "network": "none", "binds": None,
              "mounts": [{"Type": "tmpfs", "Source": "", "Destination": "/var/lib/postgresql/data"}],
              "tables": [{"table": "public.users", "rows": 3, "content": "1:2"}],
              "reads": [{"path": "/x", "status": 200, "json": True, "seconds": 0.1, "table": "", "total": None}]}
    return json.dumps(record | changes)


def test_a_record_tells_how_fast_a_backup_came_back() -> None:
    drill = parse_drills(line()).drills[0]
    assert drill.megabytes_per_s == 2.5
    assert drill.row["message"] == "restored"
    assert drill.mounts == ("tmpfs /var/lib/postgresql/data from memory",)


def test_a_folder_of_the_server_in_the_copy_is_told_whichever_way_it_came_in() -> None:
    bind = [{"Type": "bind", "Source": "/backups", "Destination": "/x"}]
    drills = parse_drills(line(mounts=bind) + "\n" + line(binds=["/backups:/x"])).drills
    assert drills[0].mounts == ("bind /x from /backups",)
    assert drills[1].mounts == ("tmpfs /var/lib/postgresql/data from memory", "/backups:/x")


@pytest.mark.parametrize("torn", ['{"format": 1, "at', "null", "[1]", line(format=3), line(outcome="good"), line(at="now")])
def test_a_line_that_is_no_record_is_counted_and_never_taken_for_a_drill(torn: str) -> None:
    drills = parse_drills(f"{line()}\n{torn}\n{line(run_id='r2')}\n")
    assert ([drill.run_id for drill in drills.drills], drills.unreadable) == (["r1", "r2"], 1)


def test_a_server_without_a_record_never_held_a_drill() -> None:
    scripted = ScriptedConnections(commands={"drills.jsonl": (1, "", "tail: cannot open")})
    assert survey_drills(load_environment("staging")).fetch(scripted) == Drills()


def test_what_was_restored_last_is_the_last_that_passed_and_of_the_same_bytes() -> None:
    record = "\n".join((line(), line(run_id="r2", sha256="b" * 64), line(run_id="r3", outcome="failed")))
    drills = parse_drills(record)
    assert drills.last_passed is not None
    assert drills.last_passed.run_id == "r2"
    assert [drills.last_of(NAME, sha * 64).run_id for sha in "ab"] == ["r3", "r2"]  # type: ignore[union-attr]
    assert drills.last_of(NAME, "c" * 64) is None
    assert len(drills.trend) == 2


def test_drills_of_a_run_are_those_that_were_not_there_before_it() -> None:
    before, after = parse_drills(line()), parse_drills(line() + "\n" + line(run_id="r2"))
    assert [drill.run_id for drill in after.added_since(before)] == ["r2"]


def test_a_record_of_an_earlier_version_has_its_tables_counted_and_no_contents() -> None:
    drill = parse_drills(line()).drills[0]
    assert (drill.tables, drill.rows, drill.read_rows, drill.contents) == (1, 3, {"public.users": 3}, None)


def test_a_record_has_numbers_and_one_value_for_the_contents() -> None:
    drill = parse_drills(line(format=2, tables=2, rows=10, contents="cc", read_rows={"public.builds": 7})).drills[0]
    assert (drill.tables, drill.rows, drill.read_rows, drill.contents) == (2, 10, {"public.builds": 7}, "cc")
