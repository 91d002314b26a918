"""PostgreSQL's own words become values; several heads are told, a missing table is no revision."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.platform.facts.database import schema_revision, survey_database

ENVIRONMENT: Any = SimpleNamespace()
OVERVIEW = {
    "version": "15.20 (Debian 15.20-0+deb12u1)",
    "size_bytes": 7994727,
    "connections": 5,
    "max_connections": 100,
    "revisions": ["0002"],
    "tables": [
        {"schema": "public", "table": "alembic_version", "bytes": 24576},
        {"schema": "public", "table": 'odd"name', "bytes": 8192},
    ],
}
COUNTS = (
    'SELECT (SELECT count(*) FROM "public"."alembic_version") AS t0, (SELECT count(*) FROM "public"."odd""name") AS t1'
)


def answers(**changes: Any) -> ScriptedConnections:
    return ScriptedConnections(
        sql={
            "FROM pg_stat_user_tables": [{**OVERVIEW, **changes}],
            COUNTS: [{"t0": 1, "t1": 60000}],
        }
    )


def test_the_database_is_read_whole() -> None:
    state = survey_database(ENVIRONMENT).fetch(answers())  # type: ignore[arg-type]
    assert (state.version, state.revision, state.connections, state.max_connections) == ("15.20", "0002", 5, 100)
    assert [(table.name, table.rows) for table in state.tables] == [("alembic_version", 1), ('odd"name', 60000)]
    assert state.rows == 60001


@pytest.mark.parametrize("heads", [None, []], ids=["no table", "no row"])
def test_a_database_without_migrations_has_no_revision(heads: list[str] | None) -> None:
    asked = ScriptedConnections(sql={"AS revisions": [{"revisions": heads}]})
    assert schema_revision(ENVIRONMENT).fetch(asked) is None  # type: ignore[arg-type]


def test_two_heads_are_both_told() -> None:
    asked = ScriptedConnections(sql={"AS revisions": [{"revisions": ["0002", "0003"]}]})
    assert schema_revision(ENVIRONMENT).fetch(asked) == "0002+0003"  # type: ignore[arg-type]


@pytest.mark.parametrize("changes", [{"version": ""}, {"size_bytes": None}, {"tables": [{}]}, {"connections": "many"}])
def test_a_reply_that_lacks_something_is_unreadable(changes: dict[str, Any]) -> None:
    with pytest.raises(FactUnreadable):
        survey_database(ENVIRONMENT).fetch(answers(**changes))  # type: ignore[arg-type]


def test_no_row_where_one_was_asked_for_is_unreadable() -> None:
    with pytest.raises(FactUnreadable):
        schema_revision(ENVIRONMENT).fetch(ScriptedConnections(sql={"AS revisions": []}))  # type: ignore[arg-type]
