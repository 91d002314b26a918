"""The environment's PostgreSQL: version, size, tables, schema revision, connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment

AGAIN = "Run the notebook again."

# One statement although the table may not be there: a query as text is parsed when it is run. ts_stat runs one on every
# PostgreSQL, query_to_xml only where it was built with XML. Words of array_to_tsvector stay as they are.
_REVISIONS = """
(SELECT json_agg(word ORDER BY word) FROM ts_stat(CASE WHEN to_regclass('public.alembic_version') IS NULL
     THEN 'SELECT NULL::tsvector' ELSE 'SELECT array_to_tsvector(array_agg(version_num::text))
     FROM public.alembic_version WHERE version_num <> $$$$' END)) AS revisions
"""
_OVERVIEW = f"""
SELECT current_setting('server_version') AS version,
       (SELECT system_identifier::text FROM pg_control_system()) AS system,
       pg_database_size(current_database()) AS size_bytes,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
       current_setting('max_connections')::int AS max_connections,
       {_REVISIONS},
       (SELECT coalesce(json_agg(json_build_object('id', c.oid::bigint, 'schema', nspname, 'table', relname,
               'identifier', format('%I.%I', nspname, relname), 'bytes', pg_total_relation_size(c.oid),
               'root', CASE WHEN c.relispartition THEN (
                   SELECT format('%I.%I', t.nspname, r.relname) FROM pg_class r JOIN pg_namespace t
                       ON t.oid = r.relnamespace WHERE r.oid = pg_partition_root(c.oid)) END,
               'visible', NOT c.relforcerowsecurity AND has_table_privilege(c.oid, 'SELECT')
                          AND has_schema_privilege(n.oid, 'USAGE')) ORDER BY nspname, relname), '[]')
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND nspname !~ '^pg_' AND nspname <> 'information_schema'
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
        ) AS tables
"""
# Tables are named by their ids, so no name of theirs is part of a statement of ours.
_COUNTS = """
SELECT json_object_agg(c.oid::text, (SELECT word FROM ts_stat(
           format('SELECT array_to_tsvector(ARRAY[count(*)::text]) FROM ONLY %I.%I', nspname, relname)))) AS counts
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid IN ({ids})
"""
BATCH = 500  # tables in one transaction: each holds locks, and PostgreSQL's table of locks is small


@dataclass(frozen=True)
class Table:
    """One table; `rows` is counted, not estimated; `size_bytes` includes indexes and TOAST.

    `rows` is None where they were not counted, or not all of them may be seen. `identifier` is as dumps write it, and
    `root` is the topmost table of a partition, in which a dump may have its rows; "" for every other table.
    """

    schema: str
    name: str
    size_bytes: int
    rows: int | None
    identifier: str = ""
    root: str = ""

    @property
    def qualified(self) -> str:
        """Schema and name as a manifest has them, quoted where they must be."""
        return self.identifier or f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class DatabaseState:
    """`revision` is None before the first migration. `connections` counts client connections, ours included.

    `system` is PostgreSQL's own identifier of the server, the same in each of its databases.
    """

    version: str
    size_bytes: int
    revision: str | None
    connections: int
    max_connections: int
    tables: tuple[Table, ...]
    system: str = ""

    @property
    def rows(self) -> int:
        """Rows of all tables together, of those that were counted."""
        return sum(table.rows or 0 for table in self.tables)


def survey_database(environment: Environment, *, count: bool = True) -> Question[DatabaseState]:
    """Version, size in bytes, revision, connections and every table, with its rows if `count`. Raises FactUnreadable.

    Counting takes about a second for ten million rows. Temporary tables belong to their sessions, not to the database.
    Source: PostgreSQL 15 manual, pg_class.
    """

    def fetch(connections: Connections) -> DatabaseState:
        database = connections.database
        overview = _only(database.rows(_OVERVIEW), "the overview")
        try:
            tables = overview["tables"]
            counts = _counted(database, [int(one["id"]) for one in tables if one["visible"]]) if count else {}
            return DatabaseState(
                version=str(overview["version"]).split()[0],
                size_bytes=int(overview["size_bytes"]),
                revision=_revision(overview["revisions"]),
                connections=int(overview["connections"]),
                max_connections=int(overview["max_connections"]),
                tables=tuple(_table(one, counts.get(str(one["id"]))) for one in tables),
                system=str(overview.get("system") or ""),
            )
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise FactUnreadable(f"PostgreSQL's reply lacks something: {error!r}", next_step=AGAIN) from error

    return Question("database", fetch)


def schema_revision(environment: Environment) -> Question[str | None]:
    """The alembic revision; heads joined by +. None where no migration ever ran, or without a database.

    Raises FactUnreadable. Source: the table public.alembic_version.
    """

    def fetch(connections: Connections) -> str | None:
        if environment.database is None:
            return None
        return _revision(_only(connections.database.rows(f"SELECT {_REVISIONS}"), "the revision").get("revisions"))

    return Question("schema revision", fetch)


def _revision(heads: list[str] | None) -> str | None:
    """One head is the revision, none is None; several at once are joined by a plus sign."""
    return "+".join(heads or ()) or None


def _counted(database: Any, ids: list[int]) -> dict[str, int]:
    """Rows by the table's id."""
    counts: dict[str, int] = {}
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        reply = _only(database.rows(_COUNTS.format(ids=", ".join(map(str, batch))), timeout_s=120.0), "the counts")
        counts |= {str(table): int(rows) for table, rows in reply["counts"].items()}
    if len(counts) != len(ids):
        raise FactUnreadable("A table was dropped while the tables were counted.", next_step=AGAIN)
    return counts


def _table(one: dict[str, Any], rows: int | None) -> Table:
    return Table(str(one["schema"]), str(one["table"]), int(one["bytes"]), rows, str(one["identifier"]),
                 str(one.get("root") or ""))


def _only(rows: list[dict[str, Any]], what: str) -> dict[str, Any]:
    if len(rows) != 1:
        raise FactUnreadable(f"PostgreSQL gave {len(rows)} rows for {what}, not one.", next_step=AGAIN)
    return rows[0]
