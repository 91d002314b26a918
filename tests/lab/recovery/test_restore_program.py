"""The program that swaps databases, on a PostgreSQL of its own next to the lab's, without a network."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from lab.instance import Instance
from runbook_lib.recovery.plans.restore_steps import restore_program
from tests.lab.conftest import Lab

PROGRAM = restore_program()
NAME, LIVE, STAGED = "gw2-test-swap", "shop", "shop_restore_20261122_020000"


@dataclass(frozen=True)
class DisposableServer:
    """A disposable PostgreSQL on the lab's server."""

    instance: Instance

    def sql(self, text: str, database: str = "postgres") -> str:
        words = ("docker", "exec", NAME, "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database, "-c", text)
        return self.lab_run(*words).stdout.strip()

    def step(self, step: str, *words: str) -> subprocess.CompletedProcess[str]:
        inside = ("docker", "exec", "-i", NAME)
        return self.lab_run("bash", "-s", "--", step, LIVE, STAGED, "owner", str(len(inside)), *inside, *words, text=PROGRAM)

    def lab_run(self, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.instance.inside(*words), input=text, text=True, capture_output=True, timeout=120)

    @property
    def databases(self) -> list[str]:
        return self.sql("SELECT datname FROM pg_database WHERE datname ~ '^shop' ORDER BY 1").split()


@pytest.fixture(scope="module")
def server(lab: Lab) -> Iterator[DisposableServer]:
    disposable = DisposableServer(lab.instance)
    image = lab.on_server("docker", "inspect", "-f", "{{.Config.Image}}", "gw2-staging-postgres-1").strip()
    lab.on_server("docker", "run", "-d", "--rm", "--name", NAME, "--network", "none", "--tmpfs", "/var/lib/postgresql/data",
                  "-e", "POSTGRES_HOST_AUTH_METHOD=trust", image, "postgres")
    try:
        deadline = time.monotonic() + 60
        while disposable.lab_run("docker", "exec", NAME, "pg_isready", "-q", "-h", "127.0.0.1").returncode:
            assert time.monotonic() < deadline, "the disposable PostgreSQL does not start"
            time.sleep(0.5)
        disposable.sql("CREATE ROLE owner LOGIN")
        disposable.sql("CREATE ROLE watcher LOGIN")
        disposable.sql("GRANT pg_monitor TO watcher")
        yield disposable
    finally:
        lab.on_server("docker", "rm", "--force", "--volumes", NAME)


@pytest.fixture
def shop(server: DisposableServer) -> DisposableServer:
    """A live database with three rows and a sequence at 41, and nothing next to it."""
    for name in server.databases:
        server.sql(f'DROP DATABASE "{name}" WITH (FORCE)')
    server.sql(f"CREATE DATABASE {LIVE} OWNER owner")
    server.sql(f"REVOKE ALL ON DATABASE {LIVE} FROM PUBLIC")
    server.sql(f"GRANT CONNECT ON DATABASE {LIVE} TO watcher")
    server.sql(f"ALTER DATABASE {LIVE} SET timezone = 'Europe/Berlin'")
    server.sql("CREATE TABLE things (id serial PRIMARY KEY, name text); ALTER TABLE things OWNER TO owner; "
               "INSERT INTO things (name) VALUES ('a'), ('b'), ('c'); SELECT setval('things_id_seq', 41)", LIVE)
    return server


def fill(shop: DisposableServer) -> None:
    """The staged database as a restore would leave it: one row, compared."""
    assert shop.step("create").returncode == 0
    shop.sql("CREATE TABLE things (id serial PRIMARY KEY, name text); INSERT INTO things (name) VALUES ('old')", STAGED)
    shop.sql(f"COMMENT ON DATABASE {STAGED} IS 'runbook: restored from shop.sql.gz'")


def test_the_staged_database_has_owner_privileges_and_settings_of_the_live_one(shop: DisposableServer) -> None:
    done = shop.step("create")
    assert done.returncode == 0, done.stderr
    about = "SELECT datdba::regrole, datacl, setconfig FROM pg_database d LEFT JOIN pg_db_role_setting ON setdatabase = d.oid"
    assert shop.sql(f"{about} WHERE datname = '{STAGED}'") == shop.sql(f"{about} WHERE datname = '{LIVE}'")


def test_where_the_live_database_is_gone_its_owner_and_watchers_are_known_all_the_same(shop: DisposableServer) -> None:
    shop.sql(f"DROP DATABASE {LIVE}")
    fill(shop)
    assert shop.sql(f"SELECT datdba::regrole FROM pg_database WHERE datname = '{STAGED}'") == "owner"
    assert shop.sql(f"SELECT has_database_privilege('watcher', '{STAGED}', 'CONNECT')") == "t"
    assert shop.step("swap").returncode == 0
    assert shop.databases == [LIVE]


def test_a_swap_ends_sessions_carries_sequences_and_retains_the_previous_database(shop: DisposableServer) -> None:
    fill(shop)
    shop.lab_run("docker", "exec", "-d", NAME, "psql", "-U", "owner", "-d", LIVE, "-c", "SELECT pg_sleep(60)")
    done = shop.step("swap")
    assert done.returncode == 0, done.stderr
    live, retained = shop.databases
    assert (shop.sql("SELECT count(*) FROM things", live), shop.sql("SELECT count(*) FROM things", retained)) == ("1", "3")
    assert int(shop.sql("SELECT nextval('things_id_seq')", live)) > 41
    assert shop.step("swap").stdout.strip() == "swapped already"


def test_a_swap_is_undone_whole(shop: DisposableServer) -> None:
    fill(shop)
    assert shop.step("swap").returncode == 0
    done = shop.step("swap-back")
    assert done.returncode == 0, done.stderr
    assert shop.databases == [LIVE, STAGED]
    assert shop.sql("SELECT count(*) FROM things", LIVE) == "3"
    assert shop.sql(f"SELECT datconnlimit FROM pg_database WHERE datname = '{LIVE}'") == "-1"


def test_undoing_a_swap_that_never_happened_changes_nothing(shop: DisposableServer) -> None:
    assert shop.step("swap-back").returncode == 0
    assert shop.databases == [LIVE]


def test_a_staged_database_that_was_not_compared_is_never_swapped(shop: DisposableServer) -> None:
    assert shop.step("create").returncode == 0
    done = shop.step("swap")
    assert done.returncode == 1 and "never compared" in done.stderr
    assert shop.sql("SELECT count(*) FROM things", LIVE) == "3"


def test_the_remains_of_a_restore_are_cleared_and_the_live_database_is_opened(shop: DisposableServer) -> None:
    fill(shop)
    for change in ("SET runbook.connection_limit = '-1'", "CONNECTION LIMIT 0"):
        shop.sql(f"ALTER DATABASE {LIVE} {change}")
    assert shop.step("clear").returncode == 0
    assert shop.databases == [LIVE]
    assert shop.sql(f"SELECT datconnlimit FROM pg_database WHERE datname = '{LIVE}'") == "-1"


@pytest.mark.parametrize("name", [LIVE, "postgres", "shop_before_20261122_020000; DROP DATABASE shop"])
def test_only_a_retained_database_is_deleted(shop: DisposableServer, name: str) -> None:
    done = shop.step("drop", name)
    assert done.returncode == 1 and "not the name of a retained database" in done.stderr
    assert shop.databases == [LIVE]


def test_a_retained_database_is_deleted_once_its_swap_is_committed(shop: DisposableServer) -> None:
    fill(shop)
    shop.step("swap")
    retained = shop.databases[1]
    assert "was interrupted" in shop.step("drop", retained).stderr
    assert shop.step("commit", "restored from shop.sql.gz").returncode == 0
    assert shop.step("drop", retained).returncode == 0
    assert shop.databases == [LIVE]
