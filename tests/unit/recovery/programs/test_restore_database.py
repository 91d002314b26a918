"""The restore program itself, run by bash with a double of psql: what its sessions bring along."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from runbook_lib.recovery.plans.restore_steps import restore_program

# one file a session, with its SQL; a swap that is in progress is never found
DOUBLE = """#!/bin/bash
sql=$(cat); echo "$*" >>"$0.asked"; printf '%s\\n---\\n' "$sql" >>"$0.sql"
case $sql in *pg_prepared_xacts*) ;; *_before_*) ;; *pg_terminate_backend*) echo 0 ;; *server_version_num*) echo 150018 postgres ;; *) echo postgres ;; esac
"""


@pytest.fixture
def double(tmp_path: Path) -> Path:
    path = tmp_path / "inside"
    path.write_text(DOUBLE)
    path.chmod(0o755)
    return path


def step(double: Path, name: str, owner: str = "shop_user", *words: str) -> subprocess.CompletedProcess[str]:
    argv = ("bash", "-s", "--", name, "shop", "shop_restore_20261122_162454", owner, "1", str(double), *words)
    return subprocess.run(argv, input=restore_program(), text=True, capture_output=True, timeout=120)


def test_no_session_takes_limits_functions_or_a_role_from_where_it_connects_to(double: Path) -> None:
    done = step(double, "clear")
    assert done.returncode == 0, done.stderr
    sessions = [line for line in Path(f"{double}.asked").read_text().splitlines() if "psql" in line]
    assert {line.rsplit(" -d ", 1)[1].split()[0] for line in sessions} >= {"template1", "postgres"}
    for one in sessions:
        for setting in ("statement_timeout=0", "lock_timeout=0", "search_path=pg_catalog", "role=none", "default_transaction_read_only=off"):
            assert f"-c {setting}" in one, one


@pytest.mark.parametrize("owner", ["shop-user", "shop.user", "_shop"])
def test_an_owner_has_any_name_that_an_environment_may_give_it(double: Path, owner: str) -> None:
    assert step(double, "clear", owner).returncode == 0


def test_an_owner_is_never_what_a_shell_or_psql_reads_otherwise(double: Path) -> None:
    assert step(double, "clear", "shop'user").returncode == 1


def test_sessions_are_ended_once_more_where_the_names_are_swapped(double: Path) -> None:
    """A superuser, as the application is one in many houses, comes back to a closed database within milliseconds."""
    done = step(double, "swap")
    assert done.returncode == 0, done.stderr
    (renaming,) = [sql for sql in Path(f"{double}.sql").read_text().split("---\n") if 'RENAME TO :"database"' in sql]
    assert renaming.index("ALLOW_CONNECTIONS false") < renaming.index("pg_terminate_backend") < renaming.index("RENAME")
    # not before its transaction, in which the name is another one
    assert renaming.index("BEGIN;") < renaming.index("ALLOW_CONNECTIONS true")


def test_a_session_that_ends_by_itself_is_not_one_that_cannot_be_ended(double: Path) -> None:
    """PostgreSQL says false of both. Measured with clients of a tenth of a second: a swap in three was given up."""
    step(double, "swap")
    ending = [sql for sql in Path(f"{double}.sql").read_text().split("---\n") if "pg_terminate_backend" in sql]
    assert len(ending) == 2  # before the sequences are read, and just before the names
    for sql in ending:
        ended, left = sql.split("pg_terminate_backend", 1)[1].split("\\gset", 1)
        assert "count(" not in ended
        assert "SELECT count(*) FROM pg_stat_activity" in left


def test_a_swap_that_took_place_opens_what_a_dead_undo_had_closed(double: Path) -> None:
    double.write_text(DOUBLE.replace("*_before_*) ;;", "*_before_*) echo shop_before_20261122_170000 ;;"))
    done = step(double, "swap")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "swapped already")
    assert "ALLOW_CONNECTIONS true" in Path(f"{double}.sql").read_text()


@pytest.mark.parametrize(("name", "words"), [("drop", ("shop_before_20261122_162454",)), ("swap", ()), ("swap-back", ()), ("clear", ())])
def test_a_look_up_that_fails_is_never_taken_for_nothing_there(double: Path, name: str, words: tuple[str, ...]) -> None:
    """A retained database that an interrupted swap still needs would be deleted, or an undo would report success."""
    double.write_text(DOUBLE.replace("case $sql in", 'case $sql in "SELECT datname"*|*"SELECT datname FROM"*) echo refused >&2; exit 2 ;; esac\ncase $sql in'))
    done = step(double, name, "shop_user", *words)
    assert done.returncode == 1
    assert "looked up" in done.stderr
    changed = Path(f"{double}.sql").read_text()
    assert "DROP DATABASE" not in changed
    assert "RENAME" not in changed
