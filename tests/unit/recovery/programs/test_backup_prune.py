"""Backups that the program deletes, and the newest good ones that it never does."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.recovery.facts.manifests import parse_manifest
from tests.unit.recovery.programs.backup_folder import Folder


def test_prune_deletes_a_dump_with_its_manifest(folder: Folder) -> None:
    for day in (1, 2, 3):
        folder.backup(f"2026-01-0{day}T02:00:00Z")
    done = folder.step("prune", "2", "staging_db_20260101_020000.sql.gz")
    assert done.returncode == 0, done.stderr
    assert [name for name in folder.names() if "20260101" in name] == []
    assert len(folder.names()) == 4


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("staging_db_20260103_020000.sql.gz", "one of the newest 2"),
        ("../postgres/inside", "not the name of a backup"),
        ("staging_db_20250101_020000.sql.gz", "no manifest that fits it"),
    ],
)
def test_prune_refuses_the_whole_list_for_one_wrong_name(folder: Folder, name: str, output: str) -> None:
    for day in (1, 2, 3):
        folder.backup(f"2026-01-0{day}T02:00:00Z")
    (folder.path / "staging_db_20250101_020000.sql.gz").write_text("unknown contents")
    before = folder.names()
    done = folder.step("prune", "2", "staging_db_20260101_020000.sql.gz", name)
    assert (done.returncode, folder.names()) == (1, before)
    assert output in done.stderr


def test_prune_keeps_the_newest_good_ones_even_when_newer_files_are_bad(folder: Folder) -> None:
    for day in (1, 2):
        folder.backup(f"2026-01-0{day}T02:00:00Z")
    (folder.path / "staging_db_20260109_020000.sql.gz").write_text("no manifest")
    done = folder.step("prune", "1", "staging_db_20260102_020000.sql.gz")
    assert "one of the newest 1" in done.stderr


def test_prune_keeps_the_newest_good_ones_on_a_machine_that_is_busy(folder: Folder) -> None:
    # bash writes the lines of one printf one by one: when it is held up between two, a reader may have left
    slow = '() { [[ $1 == "%s\\n" ]] || { builtin printf "$@"; return; }; local one; shift; for one; do sleep 0.1; echo "$one"; done; }'
    for day in (1, 2):
        folder.backup(f"2026-01-0{day}T02:00:00Z")
    before = folder.names()
    done = folder.step("prune", "1", "staging_db_20260102_020000.sql.gz", **{"BASH_FUNC_printf%%": slow})
    assert (done.returncode, folder.names()) == (1, before)
    assert "one of the newest 1" in done.stderr


@pytest.mark.parametrize(("blind", "day"), [("grep", 3), ("sort", 1), ("number", 1)])
def test_prune_deletes_nothing_when_it_cannot_tell_which_are_the_newest(
    folder: Folder, blind: str, day: int, tmp_path: Path
) -> None:
    for taken in (1, 2, 3):
        folder.backup(f"2026-01-0{taken}T02:00:00Z")
    before, seen = folder.names(), tmp_path / "seen"
    # the first check of the newest one fails, or the ordering by number, or reading a number
    fails = {"grep": f'() {{ [[ "$*" != *20260103* || -e {seen} ]] || {{ : >{seen}; return 2; }}; command grep "$@"; }}',
             "number": '() { [[ $1 != -oP ]] || return 2; command grep "$@"; }',
             "sort": '() { [[ $1 == -r ]] || return 2; command sort "$@"; }'}
    program = f"BASH_FUNC_{'sort' if blind == 'sort' else 'grep'}%%"
    done = folder.step("prune", "1", f"staging_db_2026010{day}_020000.sql.gz", **{program: fails[blind]})
    assert (done.returncode, folder.names()) == (1, before), done.stderr


def test_backups_are_numbered_and_the_newest_by_number_are_never_deleted_however_old_their_names(folder: Folder) -> None:
    for day in ("2026-11-01", "2026-11-02", "2025-01-05"):  # the last one was made by a clock that was late
        folder.backup(f"{day}T02:00:00Z")
    numbers = {path.name[:19]: parse_manifest(path.read_text()).number for path in folder.path.glob("*.json")}
    assert numbers == {"staging_db_20261101": 1, "staging_db_20261102": 2, "staging_db_20250105": 3}
    late = folder.step("prune", "1", "staging_db_20250105_020000.sql.gz")
    assert late.returncode == 1
    assert "one of the newest 1 good backups" in late.stderr
    assert folder.step("prune", "1", "staging_db_20261101_020000.sql.gz").returncode == 0
