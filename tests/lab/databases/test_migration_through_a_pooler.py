"""A migration that reaches PostgreSQL through a real PgBouncer, which refuses options and has an address of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from lab import images
from lab.engine import ensure_engine
from lab.processes import file_lock
from runbook_lib.core import programs
from tests.lab.databases.test_sessions_of_a_container import Neighbours
from tests.lab.databases.throwaway import IMAGE

HOLDS_UNTIL_ENOUGH = """BEGIN; LOCK TABLE shelves; DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM enough) LOOP PERFORM pg_sleep(0.1); END LOOP; END $$; COMMIT"""
PROGRAM = programs.text("platform/own_session.sh", "platform/sessions.sh", "platform/migration.sh")
SETTINGS = """[databases]
postgres = host={name}-db user=postgres
[pgbouncer]
listen_addr = *
auth_type = any
pool_mode = transaction
{more}
"""


class Pooled(Neighbours):
    """Neighbours, and a pooler in front of their PostgreSQL that the migration reaches it by."""

    def start_pooler(self, name: str, more: str) -> None:
        text = SETTINGS.format(name=self.name, more=more)
        self.run(name, "--entrypoint", "sh", images.PGBOUNCER.reference, "-c",
                 'printf %s "$0" >/tmp/pooler.ini && exec pgbouncer /tmp/pooler.ini', text)
        self.until(lambda: self.sql("SELECT 1", "-h", f"{self.name}-{name}", "-p", "6432") == "1")

    def migrate(self, statement: str, pooler: str) -> tuple[int, str]:
        """As a step runs it, with a limit of 1 s on waits for locks."""
        name = f"{self.name}-one"
        command = ("docker", "run", "--rm", "--name", name, "--network", self.networks[0], "--env", "PGOPTIONS",
                   "--entrypoint", "psql", IMAGE, "-Xq", "-v", "ON_ERROR_STOP=1", "-h", f"{self.name}-{pooler}", "-p", "6432",
                   "-U", "postgres", "-c", statement)
        words = ("run", self.name, "db", "postgres", "postgres", "1", name, "-c statement_timeout=600s", "2", "printf", "PGOPTIONS=")
        done = subprocess.run(("bash", "-s", "--", *words, *command), input=PROGRAM, text=True, capture_output=True, timeout=120)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def pooled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pooled]:
    ensure_engine()
    with file_lock("images"):
        images.ensure_images(images.PGBOUNCER)
    name = f"gw2-lab-pooled-{os.getpid()}"
    made = Pooled(name, (f"{name}-0",), tmp_path_factory.mktemp("pooled"))
    try:
        made.start()
        made.start_pooler("refuses", "")
        made.start_pooler("ignores", "ignore_startup_parameters = options")
        yield made
    finally:
        made.stop()


def test_a_pooler_that_refuses_options_is_asked_again_without_and_the_report_says_so(pooled: Pooled) -> None:
    """Every migration failed there: unsupported startup parameter: options."""
    code, shown = pooled.migrate("CREATE TABLE made ()", "refuses")
    assert code == 0, shown
    assert "unsupported startup parameter" in shown and "again without ours" in shown
    assert pooled.sql("SELECT count(*) FROM pg_class WHERE relname = 'made'") == "1"


def test_a_migration_that_fails_for_a_reason_of_its_own_is_run_once(pooled: Pooled) -> None:
    code, shown = pooled.migrate("SELECT 1/0", "ignores")
    assert code != 0 and shown.count("division by zero") == 1 and "again without" not in shown


@pytest.mark.parametrize("pooler", ["refuses", "ignores"], ids=["refuses options", "ignores options"])
def test_behind_a_pooler_no_session_is_taken_for_the_migrations_and_the_report_says_so(pooled: Pooled, pooler: str) -> None:
    """By its application_name it could be found, and with it users: a pooler hands a session on under the name that it had."""
    pooled.sql("DROP TABLE IF EXISTS enough; CREATE TABLE enough (a int)")
    pooled.ask("user", HOLDS_UNTIL_ENOUGH)
    with ThreadPoolExecutor(1) as alongside:
        migrating = alongside.submit(pooled.migrate, f"ALTER TABLE shelves ADD COLUMN {pooler} int", pooler)
        pooled.until(lambda: pooled.sql("SELECT count(*) FROM pg_locks WHERE waitstart < clock_timestamp() - interval '5 s'") == "1")
        pooled.sql("INSERT INTO enough VALUES (1)")
        code, shown = migrating.result()
    assert code == 0 and "canceled:" not in shown
    assert "PostgreSQL showed no session of the migration, perhaps because a pooler" in shown
    assert pooled.clients.pop("user").wait(60) == 0
