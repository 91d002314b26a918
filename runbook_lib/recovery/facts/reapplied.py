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
       -- an extension's own in SQL look for others by the path as well (`ll_to_earth` of earthdistance)
       AND NOT EXISTS (SELECT FROM pg_depend e JOIN pg_language l ON l.oid = p.prolang
                        WHERE l.lanname IN ('c', 'internal') AND e.classid = 'pg_proc'::regclass
                          AND e.objid = p.oid AND e.deptype = 'e')
     GROUP BY 1, 2, 3),
-- operator classes with a function of the application, by which indexes sort and partitions divide
own_classes AS (
    SELECT c.oid AS class, min(provolatile::text) FILTER (WHERE provolatile <> 'i') AS volatile
      FROM pg_opclass c JOIN pg_amproc s ON s.amprocfamily = c.opcfamily AND s.amproclefttype = c.opcintype
       AND s.amprocrighttype = c.opcintype JOIN pg_proc p ON p.oid = s.amproc
     WHERE p.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend e
                        WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
     GROUP BY 1),
sorted AS (
    SELECT i.indexrelid, i.indrelid, i.indisunique, i.indpred, k, own.class IS NOT NULL AS own,
           own.volatile IS NOT NULL AS volatile, s.amproc::regproc::text AS compare,
           to_jsonb(i) ->> 'indnullsnotdistinct' = 'true' AS one_null,
           '(' || pg_get_indexdef(i.indexrelid, k, false) || ')' || CASE i.indcollation[k - 1] WHEN 0 THEN ''
               ELSE ' COLLATE ' || i.indcollation[k - 1]::regcollation::text END AS value
      FROM path, pg_index i, generate_series(1, i.indnkeyatts) AS k JOIN pg_opclass c ON true
      JOIN pg_am a ON a.oid = c.opcmethod AND a.amname = 'btree'
      JOIN pg_amproc s ON s.amprocfamily = c.opcfamily AND s.amproclefttype = c.opcintype
       AND s.amprocrighttype = c.opcintype AND s.amprocnum = 1 LEFT JOIN own_classes own ON own.class = c.oid
     WHERE c.oid = i.indclass[k - 1] AND i.indisvalid AND i.indrelid >= 16384),
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
       true AS only, false AS warns, false AS within
  FROM judged WHERE objid IS NOT NULL OR by_clock OR by_session
UNION ALL
SELECT 'domain ' || a.atttypid::regtype::text || ' in ' || a.attname, a.attrelid::regclass::text,
       format('CAST(CAST(%I AS text) AS %s)', a.attname, a.atttypid::regtype), f.volatile IS NOT NULL, false, false,
       true, false, false
  FROM path, functions f JOIN pg_constraint c ON f.classid = 'pg_constraint'::regclass AND c.oid = f.objid
  JOIN pg_type t ON t.oid = c.contypid OR t.typtype = 'd' AND t.typbasetype = c.contypid
  JOIN pg_attribute a ON a.atttypid IN (t.oid, nullif(t.typarray, 0)) AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_class r ON r.oid = a.attrelid AND r.relkind IN ('r', 'm') AND r.relpersistence <> 't'
 WHERE c.contype = 'c' AND c.contypid <> 0 AND c.convalidated
UNION ALL
-- a query without a row, or an outer join, puts NULL into a column whose domain allows none
SELECT 'domain ' || a.atttypid::regtype::text || ' in ' || a.attname, a.attrelid::regclass::text,
       format('num_nulls(%I) = 0', a.attname), false, true, true, true, false, false
  FROM path, never_null n JOIN pg_attribute a ON a.atttypid = n.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_class r ON r.oid = a.attrelid AND r.relkind = 'r' AND r.relpersistence <> 't' AND r.oid >= 16384
 WHERE NOT a.attnotnull AND a.attgenerated = ''
UNION ALL
-- indexes are made after the rows are loaded
SELECT 'the name of an index in ' || a.attname, a.attrelid::regclass::text,
       format('%I NOT IN (SELECT indexrelid FROM pg_catalog.pg_index)', a.attname), false, true, true,
       true, false, false
  FROM path, pg_attribute a JOIN pg_class r ON r.oid = a.attrelid AND r.relkind = 'r' AND r.relpersistence <> 't'
 WHERE a.atttypid = 'regclass'::regtype AND a.attnum > 0 AND NOT a.attisdropped AND r.oid >= 16384
UNION ALL
-- values of columns that were added with a default lie in no row: loaded, all must fit into a page of 8 kB
SELECT 'the size of a row', r.oid::regclass::text, format('(%s) <= 8160', widths), false, true, true, true, false, false
  FROM path, pg_class r, LATERAL (
      SELECT sum(CASE WHEN attlen > 0 THEN attlen ELSE 18 END) AS widest, bool_or(atthasmissing) AS missing,
             string_agg(CASE WHEN attlen > 0 THEN format('num_nonnulls(%I) * %s', attname, attlen)
                        ELSE format('least(coalesce(pg_column_size(%I), 0), 18)', attname) END, ' + ') AS widths
        FROM pg_attribute WHERE attrelid = r.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') AS columns
 WHERE r.relkind = 'r' AND r.relpersistence <> 't' AND r.oid >= 16384 AND missing AND widest > 8160
UNION ALL
SELECT 'generated column ' || a.attname, a.attrelid::regclass::text, pg_get_expr(g.adbin, g.adrelid),
       f.volatile IS NOT NULL, false, false, true, false, false
  FROM path, functions f JOIN pg_attrdef g ON f.classid = 'pg_attrdef'::regclass AND g.oid = f.objid
  JOIN pg_attribute a ON a.attrelid = g.adrelid AND a.attnum = g.adnum AND a.attgenerated <> ''
UNION ALL
-- a load computes it again, from what the function is today
SELECT 'other values of generated column ' || a.attname, a.attrelid::regclass::text,
       -- the column's own type rounds and cuts what the expression gives, and pg_get_expr does not print that
       format('CAST(CAST(%s AS %s) AS text) IS NOT DISTINCT FROM CAST(%I AS text)', pg_get_expr(g.adbin, g.adrelid),
              format_type(a.atttypid, a.atttypmod), a.attname),
       f.volatile IS NOT NULL, true, false, true, true, false
  FROM path, functions f JOIN pg_attrdef g ON f.classid = 'pg_attrdef'::regclass AND g.oid = f.objid
  JOIN pg_attribute a ON a.attrelid = g.adrelid AND a.attnum = g.adnum AND a.attgenerated = 's'
UNION ALL
SELECT 'index ' || f.objid::regclass::text, i.indrelid::regclass::text, pg_get_indexdef(i.indexrelid, k, false),
       f.volatile IS NOT NULL, false, false, true, false, false
  FROM path, functions f JOIN pg_index i ON f.classid = 'pg_class'::regclass AND i.indexrelid = f.objid,
       generate_series(1, i.indnkeyatts) AS k
 WHERE i.indkey[k - 1] = 0
UNION ALL
SELECT 'index ' || f.objid::regclass::text, i.indrelid::regclass::text, pg_get_expr(i.indpred, i.indrelid),
       f.volatile IS NOT NULL, false, false, true, false, false
  FROM path, functions f JOIN pg_index i ON f.classid = 'pg_class'::regclass AND i.indexrelid = f.objid
 WHERE i.indpred IS NOT NULL
UNION ALL
SELECT 'partition key', f.objid::regclass::text, 'ROW(' || pg_get_expr(p.partexprs, p.partrelid) || ')',
       f.volatile IS NOT NULL, false, false, false, false, false
  FROM path, functions f JOIN pg_partitioned_table p ON f.classid = 'pg_class'::regclass AND p.partrelid = f.objid
 WHERE p.partexprs IS NOT NULL AND NOT EXISTS (
           SELECT FROM pg_partition_tree(p.partrelid) AS l JOIN pg_class c ON c.oid = l.relid AND c.relkind = 'f')
UNION ALL
SELECT DISTINCT ON (i.indexrelid) 'unique index ' || f.objid::regclass::text, i.indrelid::regclass::text,
       format('NOT (%s) OR count(*) OVER (PARTITION BY (%s), %s) = 1',
              concat_ws(' AND ', known, '(' || pg_get_expr(i.indpred, i.indrelid) || ')'),
              coalesce(pg_get_expr(i.indpred, i.indrelid), 'true'), columns),
       f.volatile IS NOT NULL, true, false, true, false, true
  FROM path, functions f JOIN pg_index i ON f.classid = 'pg_class'::regclass AND i.indexrelid = f.objid, LATERAL (
           SELECT string_agg('(' || pg_get_indexdef(i.indexrelid, k, false) || ')' || CASE i.indcollation[k - 1] WHEN 0
                      THEN '' ELSE ' COLLATE ' || i.indcollation[k - 1]::regcollation::text END, ', ') AS columns,
                  CASE WHEN to_jsonb(i) ->> 'indnullsnotdistinct' = 'true' THEN 'true' ELSE string_agg(
                      '(' || pg_get_indexdef(i.indexrelid, k, false) || ') IS NOT NULL', ' AND ') END AS known
             FROM generate_series(1, i.indnkeyatts) AS k) AS keys
 WHERE i.indisunique AND i.indisvalid
UNION ALL
-- the function of an operator class that no longer finds what it calls
SELECT 'index ' || indexrelid::regclass::text, indrelid::regclass::text, format('%s(%s, %s)', compare, value, value),
       volatile, false, false, true, false, false
  FROM sorted WHERE own
UNION ALL
-- an earlier row that is the same, by what such a function says today
SELECT 'unique index ' || indexrelid::regclass::text, indrelid::regclass::text,
       format('NOT (%1$s) OR NOT EXISTS (SELECT FROM (SELECT ctid AS "runbook place", %2$s FROM ONLY %3$s WHERE %1$s'
              || ' LIMIT {few}) AS b WHERE "runbook place" < ctid AND %4$s)',
              coalesce(pg_get_expr(indpred, indrelid), 'true'),
              string_agg(value || ' AS "runbook key ' || k::text || '"', ', '), indrelid::regclass,
              string_agg(format('coalesce(%1$s(%2$s, "runbook key %3$s"), CASE WHEN %4$s AND num_nonnulls('
                                || '%2$s, "runbook key %3$s") = 0 THEN 0 END) = 0',
                                compare, value, k, one_null::text), ' AND ')),
       bool_or(volatile), true, false, true, false, false
  FROM sorted WHERE indisunique GROUP BY indexrelid, indrelid, indpred HAVING bool_or(own)
UNION ALL
-- an earlier row that excludes this one, by what functions and operators of the application are today
SELECT 'exclusion constraint ' || c.conname, c.conrelid::regclass::text,
       format('NOT (%1$s) OR NOT EXISTS (SELECT FROM (SELECT ctid AS "runbook place", %2$s FROM ONLY %3$s WHERE %1$s'
              || ' LIMIT {few}) AS b WHERE "runbook place" < ctid AND %4$s)',
              coalesce(pg_get_expr(i.indpred, i.indrelid), 'true'), named, c.conrelid::regclass, excluded),
       f.volatile IS NOT NULL, true, false, true, false, false
  FROM path, pg_constraint c JOIN pg_index i ON i.indexrelid = c.conindid
  LEFT JOIN functions f ON f.classid = 'pg_class'::regclass AND f.objid = c.conindid, LATERAL (
           SELECT string_agg(value || ' AS "runbook key ' || k::text || '"', ', ') AS named,
                  string_agg(value || ' OPERATOR(' || quote_ident(n.nspname) || '.' || o.oprname || ') "runbook key '
                             || k::text || '"', ' AND ') AS excluded, bool_or(own.objid IS NOT NULL) AS own
             FROM generate_series(1, i.indnkeyatts) AS k JOIN pg_operator o ON o.oid = c.conexclop[k]
             JOIN pg_namespace n ON n.oid = o.oprnamespace
             LEFT JOIN functions own ON own.classid = 'pg_operator'::regclass AND own.objid = o.oid, LATERAL (
                  SELECT '(' || pg_get_indexdef(i.indexrelid, k, false) || ')' || CASE i.indcollation[k - 1] WHEN 0
                         THEN '' ELSE ' COLLATE ' || i.indcollation[k - 1]::regcollation::text END AS value) AS one
       ) AS keys
 WHERE c.contype = 'x' AND (f.objid IS NOT NULL OR own)
UNION ALL
-- the rows of a partition go into it again, wherever its key would put them today (last, as there may be many). Those
-- of a foreign one are elsewhere, and in no dump
SELECT 'partition key', l.relid::text, pg_get_partition_constraintdef(l.relid), f.volatile IS NOT NULL, true, false,
       true, false, false
  FROM path, pg_partitioned_table p LEFT JOIN functions f ON f.classid = 'pg_class'::regclass AND f.objid = p.partrelid,
       pg_partition_tree(p.partrelid) AS l JOIN pg_class c ON c.oid = l.relid AND c.relkind = 'r'
 WHERE pg_get_partition_constraintdef(l.relid) IS NOT NULL
   AND (f.objid IS NOT NULL OR EXISTS (SELECT FROM own_classes WHERE class = ANY (p.partclass::oid[])))
"""


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


def _tried(row: Mapping[str, Any], database: Database, limit: int, timeout_s: float = ATTEMPT_TIMEOUT_S) -> Computed:
    name, table, volatile = str(row["name"]), str(row["table"]), bool(row["volatile"])
    # LIMIT in a subquery, and the value counted outside: else the planner would not compute it at all
    source = f"{'ONLY ' if row.get('only', True) else ''}{table}"
    if row.get("within"):  # rows are compared with each other: with no more than that, under the table's own name
        source += f" WHERE ctid = ANY (ARRAY(SELECT ctid FROM {source} LIMIT {limit}))"
    rows = f"SELECT {row['expression']} AS value FROM {source} LIMIT {limit}".replace("{few}", str(limit))
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
    if row.get("warns"):  # a load takes such rows, unless something else depends on them
        return Computed(name, table, volatile or bool(broken), "")
    return Computed(name, table, volatile, f"rows that it refuses today: {broken}" if broken else "")
