"""Servers whose superuser is not called postgres: another role, the owner, or the application itself."""

from __future__ import annotations

import subprocess

import pytest

from runbook_lib.recovery.facts.restore_databases import AS_SUPERUSER, QUERY, parse_databases
from tests.lab.databases.outcomes import restored
from tests.lab.databases.throwaway import DATABASE, OWNER, Throwaway


@pytest.mark.parametrize("administrator", [OWNER, "Chief admin"], ids=["the owner", "another role"])
def test_a_superuser_of_another_name_is_found(throwaway: Throwaway, tmp_path_factory: pytest.TempPathFactory, administrator: str) -> None:
    other = Throwaway(f"{throwaway.name}-named", tmp_path_factory.mktemp("named"), administrator=administrator, outside=True)
    try:
        other.start()
        other.sql(f"CREATE DATABASE {DATABASE} OWNER {OWNER}", "postgres")
        # the owner may not read it: the backup comes as who may
        other.sql("CREATE TABLE things (id serial PRIMARY KEY); INSERT INTO things DEFAULT VALUES")
        restored(other)
        assert other.step("swap").returncode == 0
        asked = other.run("sh", "-c", AS_SUPERUSER, "as-superuser", OWNER, "-v", f"database={DATABASE}", text=QUERY)
        found = parse_databases(asked.stdout, DATABASE)
        assert (found.live and found.live.owner, len(found.retained)) == (OWNER, 1), asked.stderr
    finally:
        other.stop()


# an application that is the superuser, with clients that come back at once and stay: no limit keeps them out
CLIENTS = """for client in 1 2 3 4; do
    while :; do psql -XqAt -U "$0" -d "$1" -c 'SELECT pg_sleep(600)' >/dev/null 2>&1; done &
done; wait"""
STATE = "SELECT datallowconn, datconnlimit, (SELECT count(*) FROM pg_db_role_setting WHERE setdatabase = d.oid) FROM pg_database d WHERE datname = 'Shop'"


def test_an_application_that_is_the_superuser_is_kept_out_while_names_are_swapped(
    throwaway: Throwaway, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Names with capitals need quotes in SQL."""
    other = Throwaway(f"{throwaway.name}-crowd", tmp_path_factory.mktemp("crowd"), administrator="ShopApp", database="Shop", owner="ShopApp", outside=True)
    try:
        other.start()
        other.sql('CREATE DATABASE "Shop" OWNER "ShopApp" CONNECTION LIMIT 42', "postgres")
        other.sql("CREATE TABLE things (id serial PRIMARY KEY); INSERT INTO things DEFAULT VALUES")
        restored(other)
        subprocess.run(("docker", "exec", "-d", other.name, "sh", "-c", CLIENTS, other.owner, other.database), check=True)
        for step in ("swap", "swap-back"):
            done = other.step(step)
            assert done.returncode == 0, (step, done.stderr)
        assert other.sql(STATE, "postgres") == "t|42|0"
        # killed in between: nothing was renamed, and no role gets in until an undo or the next run opens it
        for name in ("swap-back", "clear"):
            for change in ("SET runbook.connection_limit = '42'", "CONNECTION LIMIT 0", "SET runbook.connections_allowed = on", "ALLOW_CONNECTIONS false"):
                other.sql(f'ALTER DATABASE "Shop" {change}', "postgres")
            done = other.step(name)
            assert done.returncode == 0, done.stderr
            assert other.sql(STATE, "postgres") == "t|42|0", name
    finally:
        other.stop()
