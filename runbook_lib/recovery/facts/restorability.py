"""What a restore of this database needs that no dump carries, and what would stop it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Database, Question
from runbook_lib.environment import Environment

TRIED_ROWS = 200  # of a table: a name that cannot be found is not found in the first row
ATTEMPTS = 100  # more than an application has; each is a query of milliseconds
ATTEMPT_TIMEOUT_S = 10.0
COUNT_TIMEOUT_S = 120.0  # about a second for ten million rows
# canceled by our limit, and no privilege: PostgreSQL's codes, in any language
_NOT_TRIED = re.compile(r"57014:|42501:")

_NEEDS = """
SELECT (SELECT coalesce(json_agg(json_build_object('name', extname, 'version', extversion,
               'available', default_version) ORDER BY extname), '[]')
          FROM pg_extension LEFT JOIN pg_available_extensions ON name = extname) AS extensions,
       (SELECT coalesce(json_agg(subname ORDER BY subname), '[]') FROM pg_subscription
         WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())) AS subscriptions
"""
# Rows in an extension's own tables, which pg_dump leaves out unless the extension names a table as its configuration.
# Those that its script made come with it: the transaction that made the table a part of it wrote them.
_UNSAVED = """
SELECT extname AS extension, format('%I.%I', nspname, relname) AS table,
       CASE WHEN has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE') THEN (
           SELECT word::bigint FROM ts_stat(format(
               'SELECT array_to_tsvector(ARRAY[count(*)::text]) FROM ONLY %I.%I WHERE xmin::text <> %L',
               nspname, relname, d.xmin::text))) END AS rows
  FROM pg_extension e JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
  JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE d.deptype = 'e' AND c.relkind = 'r' AND c.relpersistence <> 't' AND pg_relation_size(c.oid) > 0
   AND c.oid <> ALL (coalesce(e.extconfig, '{}'))
 ORDER BY 2
"""
# What PostgreSQL computes while a dump is loaded, where a function of the application takes part. The names are printed
# as during a load: in full, because the search path is empty there.
_COMPUTED = """
WITH path AS MATERIALIZED (SELECT set_config('search_path', '', true) AS path),
functions AS (
    SELECT d.classid, d.objid, d.objsubid, min(provolatile::text) FILTER (WHERE provolatile <> 'i') AS volatile
      FROM pg_depend d JOIN pg_proc p ON p.oid = d.refobjid
     WHERE d.refclassid = 'pg_proc'::regclass AND p.oid >= 16384
       AND NOT EXISTS (SELECT FROM pg_depend e
                        WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
     GROUP BY 1, 2, 3)
SELECT 'CHECK ' || c.conname AS name, c.conrelid::regclass::text AS table,
       pg_get_expr(c.conbin, c.conrelid) AS expression, f.volatile IS NOT NULL AS volatile
  FROM path, functions f JOIN pg_constraint c ON f.classid = 'pg_constraint'::regclass AND c.oid = f.objid
 WHERE c.contype = 'c' AND c.conrelid <> 0
UNION ALL
SELECT 'generated column ' || a.attname, a.attrelid::regclass::text, pg_get_expr(g.adbin, g.adrelid),
       f.volatile IS NOT NULL
  FROM path, functions f JOIN pg_attrdef g ON f.classid = 'pg_attrdef'::regclass AND g.oid = f.objid
  JOIN pg_attribute a ON a.attrelid = g.adrelid AND a.attnum = g.adnum AND a.attgenerated <> ''
UNION ALL
SELECT 'index ' || f.objid::regclass::text, i.indrelid::regclass::text, pg_get_indexdef(i.indexrelid, k, false),
       f.volatile IS NOT NULL
  FROM path, functions f JOIN pg_index i ON f.classid = 'pg_class'::regclass AND i.indexrelid = f.objid,
       generate_series(1, i.indnkeyatts) AS k
 WHERE i.indkey[k - 1] = 0
UNION ALL
SELECT 'index ' || f.objid::regclass::text, i.indrelid::regclass::text, pg_get_expr(i.indpred, i.indrelid),
       f.volatile IS NOT NULL
  FROM path, functions f JOIN pg_index i ON f.classid = 'pg_class'::regclass AND i.indexrelid = f.objid
 WHERE i.indpred IS NOT NULL
"""


@dataclass(frozen=True)
class Extension:
    """`available` is the version that CREATE EXTENSION would make; None where the server has no files of it."""

    name: str
    version: str
    available: str | None


@dataclass(frozen=True)
class Computed:
    """A CHECK, index or generated column that calls a function of the application.

    `error` is that of an attempt with an empty search path: "" where it passed, None where none could be made.
    `volatile`: the function may read other tables, which a load may not have filled yet.
    """

    name: str
    table: str
    volatile: bool
    error: str | None


@dataclass(frozen=True)
class Unsaved:
    """A table of an extension with rows that no dump carries; `rows` None: its owner does not let us count them."""

    extension: str
    table: str
    rows: int | None


@dataclass(frozen=True)
class Restorability:
    """What of the live database a dump leaves out, or a restore could not make again."""

    extensions: tuple[Extension, ...]
    subscriptions: tuple[str, ...]
    computed: tuple[Computed, ...]
    unsaved: tuple[Unsaved, ...] = ()


def survey_restorability(environment: Environment, *, tries: bool = True) -> Question[Restorability]:
    """What a restore would need, and what would stop it; without `tries`, what one query of the catalogue shows.

    Each CHECK, index and generated column that calls a function of the application is tried on a few rows,
    in read-only transactions, as the database's owner, with a time limit each. Raises FactUnreadable.
    Source: PostgreSQL 15 manual, pg_extension, pg_available_extensions, pg_depend.
    """

    def fetch(connections: Connections) -> Restorability:
        database = connections.database
        try:
            (needs,) = database.rows(_NEEDS)
            computed = [_tried(one, database) for one in database.rows(_COMPUTED)[:ATTEMPTS]] if tries else []
            unsaved = database.rows(_UNSAVED, timeout_s=COUNT_TIMEOUT_S) if tries else []
            return Restorability(
                tuple(Extension(one["name"], one["version"], one["available"]) for one in needs["extensions"]),
                tuple(needs["subscriptions"]), tuple(computed),
                tuple(Unsaved(one["extension"], one["table"], one["rows"]) for one in unsaved if one["rows"] != 0),
            )
        except (ValueError, KeyError, TypeError) as cause:
            raise FactUnreadable("What a restore would need could not be asked: PostgreSQL's reply lacks something.",
                                 where=environment.database.name, next_step="Run the notebook again.") from cause

    return Question("restorability", fetch)


def _tried(row: Mapping[str, Any], database: Database) -> Computed:
    name, table, volatile = str(row["name"]), str(row["table"]), bool(row["volatile"])
    # LIMIT in a subquery, and the value counted outside: else the planner would not compute it at all
    rows = f"SELECT {row['expression']} AS value FROM ONLY {table} LIMIT {TRIED_ROWS}"
    attempt = f"SELECT array_to_tsvector(ARRAY[count(value)::text]) FROM ({rows}) AS rows"
    if ";" in attempt or "\\" in attempt:
        return Computed(name, table, volatile, None)
    quoted = attempt.replace("'", "''")
    try:
        # the text depends on the path, so that it is run after the path is set
        database.rows("WITH path AS MATERIALIZED (SELECT set_config('search_path', '', true) AS path)\n"
                      f"SELECT word AS computed FROM path, LATERAL ts_stat('{quoted}' || path.path)",
                      timeout_s=ATTEMPT_TIMEOUT_S)
    except FactUnreadable as cause:
        # an attempt that was too slow, or that the owner may not make, shows nothing: a load has other rights
        return Computed(name, table, volatile, None if _NOT_TRIED.search(cause.what) else cause.what)
    return Computed(name, table, volatile, "")
