"""The environment's PostgreSQL: version, size, tables, schema revision, connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment

AGAIN = "Run the notebook again."

# One statement although the table may not be there: a query as text is parsed only when its CASE branch is reached.
_REVISIONS = """
CASE WHEN to_regclass('public.alembic_version') IS NOT NULL THEN
     xpath('/table/row/version_num/text()', query_to_xml(
         'SELECT version_num FROM public.alembic_version ORDER BY version_num', true, false, ''))::text[]
END AS revisions
"""
_OVERVIEW = f"""
SELECT current_setting('server_version') AS version,
       pg_database_size(current_database()) AS size_bytes,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
       current_setting('max_connections')::int AS max_connections,
       {_REVISIONS},
       (SELECT coalesce(json_agg(json_build_object('schema', schemaname, 'table', relname,
               'bytes', pg_total_relation_size(relid)) ORDER BY schemaname, relname), '[]')
          FROM pg_stat_user_tables) AS tables
"""


@dataclass(frozen=True)
class Table:
    """One table; `rows` is counted, not estimated; `size_bytes` includes indexes and TOAST."""

    schema: str
    name: str
    size_bytes: int
    rows: int


@dataclass(frozen=True)
class DatabaseState:
    """`revision` is None before the first migration. `connections` counts client connections, ours included."""

    version: str
    size_bytes: int
    revision: str | None
    connections: int
    max_connections: int
    tables: tuple[Table, ...]

    @property
    def rows(self) -> int:
        """Rows of all tables together."""
        return sum(table.rows for table in self.tables)


def survey_database(environment: Environment) -> Question[DatabaseState]:
    """Version, size in bytes, revision, connections and every table with its rows counted. Raises FactUnreadable.

    Counting takes about a second for ten million rows. Source: PostgreSQL 15 manual, pg_stat_user_tables.
    """

    def fetch(connections: Connections) -> DatabaseState:
        database = connections.database
        overview = _only(database.rows(_OVERVIEW), "the overview")
        try:
            tables = [(str(one["schema"]), str(one["table"]), int(one["bytes"])) for one in overview["tables"]]
            counts = _only(database.rows(_counting(tables), timeout_s=120.0), "the counts") if tables else {}
            return DatabaseState(
                version=str(overview["version"]).split()[0],
                size_bytes=int(overview["size_bytes"]),
                revision=_revision(overview["revisions"]),
                connections=int(overview["connections"]),
                max_connections=int(overview["max_connections"]),
                tables=tuple(Table(*one, int(counts[f"t{place}"])) for place, one in enumerate(tables)),
            )
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise FactUnreadable(f"PostgreSQL's reply lacks something: {error!r}", next_step=AGAIN) from error

    return Question("database", fetch)


def schema_revision(environment: Environment) -> Question[str | None]:
    """The alembic revision; None where no migration ever ran; several heads joined by +. Raises FactUnreadable.

    Source: the table public.alembic_version.
    """

    def fetch(connections: Connections) -> str | None:
        return _revision(_only(connections.database.rows(f"SELECT {_REVISIONS}"), "the revision").get("revisions"))

    return Question("schema revision", fetch)


def _revision(heads: list[str] | None) -> str | None:
    """One head is the revision, none is None; several at once are joined by a plus sign."""
    return "+".join(heads or ()) or None


def _counting(tables: list[tuple[str, str, int]]) -> str:
    """One statement that counts every table in the same snapshot."""
    counts = (
        f"(SELECT count(*) FROM {_identifier(schema)}.{_identifier(name)}) AS t{place}"
        for place, (schema, name, _) in enumerate(tables)
    )
    return "SELECT " + ", ".join(counts)


def _identifier(name: str) -> str:
    if ";" in name or "\\" in name:
        raise FactUnreadable(f"A table has a name that cannot be asked about safely: {name!r}")
    return '"' + name.replace('"', '""') + '"'


def _only(rows: list[dict[str, Any]], what: str) -> dict[str, Any]:
    if len(rows) != 1:
        raise FactUnreadable(f"PostgreSQL gave {len(rows)} rows for {what}, not one.", next_step=AGAIN)
    return rows[0]
