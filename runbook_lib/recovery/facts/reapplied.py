"""What PostgreSQL computes and checks again while a dump is loaded, tried on rows of the live database."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Database

TRIED_ROWS = 200  # of a table: a name that cannot be found is not found in the first row
# of a table whose CHECK compares with the clock: the oldest rows lie first, and none of its functions is slow
TRIED_BY_THE_CLOCK = 100_000
# as many where a function may refuse what it took when the rows were written, as long as it is fast
MORE_TIMEOUT_S, MORE_IN_ALL_S = 3.0, 30.0
ATTEMPTS = 100  # more than an application has; each is a query of milliseconds
ATTEMPT_TIMEOUT_S = 10.0
TRIED_BYTES = 1_000_000_000  # of all tables of foreign keys together, the smallest first: some seconds
KEYS_TIMEOUT_S = 60.0
# canceled by our limit, and no privilege: PostgreSQL's codes, in any language
_NOT_TRIED = re.compile(r"57014:|42501:")

# Where a function of the application takes part, the clock, or who asks. The names are printed as during a load: in
# full, because the search path is empty there. What is not validated is added as that, and no row is checked.
_COMPUTED = """
WITH RECURSIVE path AS MATERIALIZED (SELECT set_config('search_path', '', true) AS path),
never_null AS (
    SELECT oid FROM pg_type WHERE typtype = 'd' AND typnotnull
    UNION SELECT t.oid FROM pg_type t JOIN never_null n ON t.typbasetype = n.oid AND t.typtype = 'd'),
functions AS (
    SELECT d.classid, d.objid, d.objsubid, min(provolatile::text) FILTER (WHERE provolatile <> 'i') AS volatile
      FROM pg_depend d JOIN pg_proc p ON p.oid = d.refobjid
     WHERE d.refclassid = 'pg_proc'::regclass AND p.oid >= 16384
       AND NOT EXISTS (SELECT FROM pg_depend e
                        WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
     GROUP BY 1, 2, 3),
checks AS (
    SELECT c.conname, c.conrelid, pg_get_expr(c.conbin, c.conrelid) AS expression, f.objid, f.volatile
      FROM path, pg_constraint c LEFT JOIN functions f ON f.classid = 'pg_constraint'::regclass AND f.objid = c.oid
     WHERE c.contype = 'c' AND c.conrelid >= 16384 AND c.convalidated),
judged AS (
    SELECT *, expression ~* ('[[:<:]](now|age|timeofday|[[:alnum:]_]+_timestamp|current_date|current_time'
                             || '|localtime(stamp)?)[[:>:]]') AS by_clock,
           expression ~* ('[[:<:]]((current|session)_(user|role|setting|schemas?|query)'
                          || '|inet_[[:alnum:]_]+|pg_backend_pid)[[:>:]]') AS by_session
      FROM checks)
SELECT 'CHECK ' || conname AS name, conrelid::regclass::text AS table, expression,
       volatile IS NOT NULL OR by_session AS volatile, true AS must_be, objid IS NULL AND by_clock AS by_clock,
       true AS only
  FROM judged WHERE objid IS NOT NULL OR by_clock OR by_session
UNION ALL
SELECT 'domain ' || a.atttypid::regtype::text || ' in ' || a.attname, a.attrelid::regclass::text,
       format('CAST(CAST(%I AS text) AS %s)', a.attname, a.atttypid::regtype), f.volatile IS NOT NULL, false, false,
       true
  FROM path, functions f JOIN pg_constraint c ON f.classid = 'pg_constraint'::regclass AND c.oid = f.objid
  JOIN pg_type t ON t.oid = c.contypid OR t.typtype = 'd' AND t.typbasetype = c.contypid
  JOIN pg_attribute a ON a.atttypid IN (t.oid, nullif(t.typarray, 0)) AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_class r ON r.oid = a.attrelid AND r.relkind IN ('r', 'm') AND r.relpersistence <> 't'
 WHERE c.contype = 'c' AND c.contypid <> 0 AND c.convalidated
UNION ALL
-- a query without a row, or an outer join, puts NULL into a column whose domain allows none
SELECT 'domain ' || a.atttypid::regtype::text || ' in ' || a.attname, a.attrelid::regclass::text,
       format('num_nulls(%I) = 0', a.attname), false, true, true, true
  FROM path, never_null n JOIN pg_attribute a ON a.atttypid = n.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_class r ON r.oid = a.attrelid AND r.relkind = 'r' AND r.relpersistence <> 't' AND r.oid >= 16384
 WHERE NOT a.attnotnull AND a.attgenerated = ''
UNION ALL
-- indexes are made after the rows are loaded
SELECT 'the name of an index in ' || a.attname, a.attrelid::regclass::text,
       format('%I NOT IN (SELECT indexrelid FROM pg_catalog.pg_index)', a.attname), false, true, true, true
  FROM path, pg_attribute a JOIN pg_class r ON r.oid = a.attrelid AND r.relkind = 'r' AND r.relpersistence <> 't'
 WHERE a.atttypid = 'regclass'::regtype AND a.attnum > 0 AND NOT a.attisdropped AND r.oid >= 16384
UNION ALL
-- values of columns that were added with a default lie in no row: loaded, all must fit into a page of 8 kB
SELECT 'the size of a row', r.oid::regclass::text, format('(%s) <= 8160', widths), false, true, true, true
  FROM path, pg_class r, LATERAL (
      SELECT sum(CASE WHEN attlen > 0 THEN attlen ELSE 18 END) AS widest, bool_or(atthasmissing) AS missing,
             string_agg(CASE WHEN attlen > 0 THEN format('num_nonnulls(%I) * %s', attname, attlen)
                        ELSE format('least(coalesce(pg_column_size(%I), 0), 18)', attname) END, ' + ') AS widths
        FROM pg_attribute WHERE attrelid = r.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') AS columns
 WHERE r.relkind = 'r' AND r.relpersistence <> 't' AND r.oid >= 16384 AND missing AND widest > 8160
UNION ALL
SELECT 'generated column ' || a.attname, a.attrelid::regclass::text, pg_get_expr(g.adbin, g.adrelid),
       f.volatile IS NOT NULL, false, false, true
  FROM path, functions f JOIN pg_attrdef g ON f.classid = 'pg_attrdef'::regclass AND g.oid = f.objid
  JOIN pg_attribute a ON a.attrelid = g.adrelid AND a.attnum = g.adnum AND a.attgenerated <> ''
UNION ALL
SELECT 'index ' || f.objid::regclass::text, i.indrelid::regclass::text, pg_get_indexdef(i.indexrelid, k, false),
       f.volatile IS NOT NULL, false, false, true
  FROM path, functions f JOIN pg_index i ON f.classid = 'pg_class'::regclass AND i.indexrelid = f.objid,
       generate_series(1, i.indnkeyatts) AS k
 WHERE i.indkey[k - 1] = 0
UNION ALL
SELECT 'index ' || f.objid::regclass::text, i.indrelid::regclass::text, pg_get_expr(i.indpred, i.indrelid),
       f.volatile IS NOT NULL, false, false, true
  FROM path, functions f JOIN pg_index i ON f.classid = 'pg_class'::regclass AND i.indexrelid = f.objid
 WHERE i.indpred IS NOT NULL
UNION ALL
SELECT 'partition key', f.objid::regclass::text, 'ROW(' || pg_get_expr(p.partexprs, p.partrelid) || ')',
       f.volatile IS NOT NULL, false, false, false
  FROM path, functions f JOIN pg_partitioned_table p ON f.classid = 'pg_class'::regclass AND p.partrelid = f.objid
 WHERE p.partexprs IS NOT NULL
"""
# Rows whose key refers to none: written while the triggers of foreign keys were off. Without rows that policies hide.
_KEYS = """
WITH keys AS (
    SELECT c.*, format('%I.%I', n.nspname, r.relname) AS child, format('%I.%I', pn.nspname, p.relname) AS parent,
           CASE r.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END AS child_only,
           CASE p.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END AS parent_only,
           NOT r.relforcerowsecurity AND NOT p.relforcerowsecurity
               AND has_table_privilege(r.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')
               AND has_table_privilege(p.oid, 'SELECT') AND has_schema_privilege(pn.oid, 'USAGE') AS visible,
           sum(size_of(r.oid) + size_of(p.oid)) OVER (ORDER BY size_of(r.oid) + size_of(p.oid), c.oid) AS bytes
      FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
      JOIN pg_class p ON p.oid = c.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
     WHERE c.contype = 'f' AND c.convalidated AND c.conparentid = 0 AND r.relpersistence <> 't')
SELECT conname AS name, child AS table, CASE WHEN visible AND bytes <= {bytes} THEN (
           SELECT word::boolean FROM ts_stat(format(
               'SELECT array_to_tsvector(ARRAY[EXISTS (SELECT FROM %s%s AS c WHERE %s AND NOT EXISTS ('
                   || 'SELECT FROM %s%s AS p WHERE %s))::text])',
               child_only, child, known, parent_only, parent, same))) END AS broken
  FROM keys, LATERAL (
      -- with MATCH FULL a key has all of its values or none
      SELECT '(' || string_agg(format('c.%I IS NOT NULL', a.attname),
                               CASE confmatchtype WHEN 'f' THEN ' OR ' ELSE ' AND ' END) || ')' AS known,
             string_agg(format('p.%I OPERATOR(%I.%s) c.%I', b.attname, o.nspname, o.oprname, a.attname), ' AND ')
                 AS same
        FROM unnest(conkey, confkey, conpfeqop) AS pair(child_column, parent_column, operator)
        JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = child_column
        JOIN pg_attribute b ON b.attrelid = confrelid AND b.attnum = parent_column
        JOIN (SELECT pg_operator.oid, oprname, nspname
                FROM pg_operator JOIN pg_namespace ON oprnamespace = pg_namespace.oid) AS o
          ON o.oid = operator) AS pairs
 ORDER BY child, conname
""".replace("{bytes}", str(TRIED_BYTES))
# a partitioned table itself has no bytes
_KEYS = re.sub(r"size_of\((\w+)\.oid\)", r"(SELECT coalesce(sum(pg_relation_size(relid)), pg_relation_size(\1.oid)) "
               r"FROM pg_partition_tree(\1.oid))", _KEYS)


@dataclass(frozen=True)
class Computed:
    """A CHECK, domain, index, generated column or partition key that calls a function, or a CHECK by the clock.

    `error` is that of an attempt with an empty search path: "" where it passed, None where none could be made.
    `volatile`: it may depend on other tables, which a load may not have filled yet, or on who asks.
    """

    name: str
    table: str
    volatile: bool
    error: str | None


@dataclass(frozen=True)
class ForeignKey:
    """A validated foreign key; `broken`: a row refers to none. None: a large table, or rows that are hidden from us."""

    name: str
    table: str
    broken: bool | None


def tried_expressions(database: Database) -> tuple[Computed, ...]:
    """Each expression, tried on a few rows, read-only, as the database's owner. Raises FactUnreadable."""
    found, give_up = [], time.monotonic() + MORE_IN_ALL_S
    for row in database.rows(_COMPUTED)[:ATTEMPTS]:
        one = _tried(row, database, TRIED_BY_THE_CLOCK if row.get("by_clock") else TRIED_ROWS)
        if one.error == "" and not row.get("by_clock") and time.monotonic() < give_up:
            more = _tried(row, database, TRIED_BY_THE_CLOCK, MORE_TIMEOUT_S)
            one = one if more.error is None else more
        found.append(one)
    return tuple(found)


def tried_keys(database: Database) -> tuple[ForeignKey, ...] | None:
    """Every foreign key, those of smaller tables with their rows; None where that took too long.

    Source: PostgreSQL 15 manual, pg_constraint.
    """
    try:
        rows = database.rows(_KEYS, timeout_s=KEYS_TIMEOUT_S)
    except FactUnreadable:
        return None
    return tuple(ForeignKey(str(one["name"]), str(one["table"]), one["broken"]) for one in rows)


def _tried(row: Mapping[str, Any], database: Database, limit: int, timeout_s: float = ATTEMPT_TIMEOUT_S) -> Computed:
    name, table, volatile = str(row["name"]), str(row["table"]), bool(row["volatile"])
    # LIMIT in a subquery, and the value counted outside: else the planner would not compute it at all
    rows = f"SELECT {row['expression']} AS value FROM {'ONLY ' if row.get('only', True) else ''}{table} LIMIT {limit}"
    counted = "count(*) FILTER (WHERE NOT value)" if row.get("must_be") else "count(value)"
    attempt = f"SELECT array_to_tsvector(ARRAY[{counted}::text]) FROM ({rows}) AS rows"
    if ";" in attempt or "\\" in attempt:
        return Computed(name, table, volatile, None)
    quoted = attempt.replace("'", "''")
    try:
        # the text depends on the path, so that it is run after the path is set
        replies = database.rows("WITH path AS MATERIALIZED (SELECT set_config('search_path', '', true) AS path)\n"
                                f"SELECT word AS computed FROM path, LATERAL ts_stat('{quoted}' || path.path)",
                                timeout_s=timeout_s)
    except FactUnreadable as cause:
        # an attempt that was too slow, or that the owner may not make, shows nothing: a load has other rights
        return Computed(name, table, volatile, None if _NOT_TRIED.search(cause.what) else cause.what)
    broken = row.get("must_be") and sum(int(one["computed"]) for one in replies)
    return Computed(name, table, volatile, f"rows that it refuses today: {broken}" if broken else "")
