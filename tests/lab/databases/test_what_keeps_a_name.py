"""What a rename of the live database meets or leaves behind: prepared transactions, and slots of logical replication."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from lab import images
from lab.engine import ensure_engine
from lab.processes import file_lock
from runbook_lib.recovery.facts.restorability import _NEEDS
from runbook_lib.recovery.facts.restore_databases import QUERY, parse_databases
from tests.lab.databases.throwaway import DATABASE, OWNER, Throwaway


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Throwaway]:
    """A PostgreSQL that allows prepared transactions."""
    ensure_engine()
    with file_lock("images"):
        images.ensure_images()
    made = Throwaway(f"gw2-lab-names-{os.getpid()}", tmp_path_factory.mktemp("names"))
    try:
        made.start("-c", "max_prepared_transactions=5")
        made.sql(f'CREATE DATABASE "{DATABASE}" OWNER "{OWNER}"', "postgres")
        yield made
    finally:
        made.stop()


def test_what_the_survey_names_is_what_postgresql_refuses_or_leaves(server: Throwaway) -> None:
    """A restore loaded for minutes, stopped what writes, and could then not rename the database."""
    server.sql("CREATE TABLE t (n int)")
    server.sql("SELECT pg_create_logical_replication_slot('debezium', 'pgoutput')")  # later it would wait for them
    server.sql("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'xa-1'")
    server.sql("BEGIN; CREATE TABLE other (n int); PREPARE TRANSACTION 'of-another'", "postgres")
    seen = parse_databases(server.sql(QUERY, "postgres", database=DATABASE), DATABASE)
    assert (seen.prepared, seen.slots) == (("xa-1",), ("debezium",))
    assert '["debezium"]' in server.sql(f"SELECT slots FROM ({_NEEDS}) AS asked")
    rename = ("psql", "-XqAt", "-U", "postgres", "-d", "postgres", "-c", f'ALTER DATABASE "{DATABASE}" RENAME TO renamed')
    assert "prepared transaction" in server.run(*rename).stderr
    server.sql("ROLLBACK PREPARED 'xa-1'")
    assert parse_databases(server.sql(QUERY, "postgres", database=DATABASE), DATABASE).prepared == ()
    assert server.run(*rename).returncode == 0
    assert server.sql("SELECT database FROM pg_replication_slots", "postgres") == "renamed", "it stays with the retained one"
