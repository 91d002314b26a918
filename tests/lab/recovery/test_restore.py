"""A real restore on the lab: rows come back, what was there before is kept, and a refusal touches nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.resilience.releases import live_release
from runbook_lib.connections import OpenConnections
from runbook_lib.environment import Environment
from runbook_lib.recovery.facts.backup_survey import survey
from runbook_lib.recovery.facts.restore_databases import Databases, survey_databases
from tests.lab.conftest import Lab

POSTGRES = "gw2-staging-postgres-1"


def sql(lab: Lab, text: str, database: str = "staging_db") -> str:
    """What a superuser reads on the server, past all runbooks."""
    return lab.on_server("docker", "exec", POSTGRES, "psql", "-XqAt", "-U", "postgres", "-d", database, "-c", text).strip()


def restore(lab: Lab, outputs: Path, *more: str, word: str = "staging_db") -> tuple[int, str]:
    done = lab.runbook("run", "32_restore_database", "-e", lab.environment, "--apply", "--confirm", lab.name,
                       "-p", f"confirm_database={word}", *more, "--reason", "test", outputs=outputs)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def backed_up(lab: Lab, environment: Environment, connections: OpenConnections, outputs: Path) -> Iterator[str]:
    """The name of a fresh backup; the folder and the databases are as before afterwards."""
    folder, databases = survey(environment, checksums=0), survey_databases(environment)
    before, kept = {one.name for one in folder.fetch(connections).backups}, set(names(databases.fetch(connections)))
    done = lab.runbook("run", "30_backup_database", "-e", lab.environment, "--apply", "--confirm", lab.name,
                       "--reason", "test", outputs=outputs)
    assert done.returncode == 0, done.stdout
    yield folder.fetch(connections).backups[0].name
    for name in {one.name for one in folder.fetch(connections).backups} - before:
        lab.on_server("rm", "-f", f"/backups/postgres/{name}", f"/backups/postgres/{name[:-7]}.manifest.json")
    for name in set(names(databases.fetch(connections))) - kept - {"staging_db"}:
        sql(lab, f'DROP DATABASE "{name}" WITH (FORCE)', "postgres")


def names(databases: Databases) -> tuple[str, ...]:
    return tuple(one.name for one in (*databases.staged, *databases.retained))


def test_deleted_rows_come_back_and_the_database_before_is_kept(
    lab: Lab, environment: Environment, connections: OpenConnections, backed_up: str, outputs: Path
) -> None:
    commit, members = live_release(lab.instance).commit, sql(lab, "SELECT count(*) FROM squad_members")
    owner = sql(lab, "SELECT datdba::regrole || ' ' || datacl::text FROM pg_database WHERE datname = 'staging_db'")
    sql(lab, "DELETE FROM squad_members; SELECT setval(pg_get_serial_sequence('users', 'id'), 900000)")
    code, said = restore(lab, outputs, "-p", f"backup={backed_up}")
    assert code == 0, said
    assert sql(lab, "SELECT count(*) FROM squad_members") == members != "0"
    kept = survey_databases(environment).fetch(connections).retained[-1]
    assert sql(lab, "SELECT count(*) FROM squad_members", kept.name) == "0"
    assert "restored from" in kept.comment
    assert sql(lab, "SELECT datdba::regrole || ' ' || datacl::text FROM pg_database WHERE datname = 'staging_db'") == owner
    assert int(sql(lab, "SELECT last_value FROM users_id_seq")) >= 900_000  # no id is given twice
    assert live_release(lab.instance).commit == commit


def test_a_wrong_word_for_the_database_touches_nothing(
    lab: Lab, environment: Environment, connections: OpenConnections, outputs: Path
) -> None:
    before = survey_databases(environment).fetch(connections).names
    code, said = restore(lab, outputs, word=lab.name)
    assert code == 3, said
    assert "confirm_database" in said
    assert survey_databases(environment).fetch(connections).names == before


def test_a_damaged_backup_is_refused_before_anything_is_touched(
    lab: Lab, environment: Environment, connections: OpenConnections, backed_up: str, outputs: Path
) -> None:
    before = survey_databases(environment).fetch(connections).names
    lab.on_server("sh", "-c", f"printf x | dd of=/backups/postgres/{backed_up} bs=1 seek=5000 conv=notrunc status=none")
    code, said = restore(lab, outputs, "-p", f"backup={backed_up}")
    assert code == 3, said
    assert "damaged" in said
    assert survey_databases(environment).fetch(connections).names == before
