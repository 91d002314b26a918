"""Rows that stand twice below a unique index: a damaged index lets them in, and no restore could make it again."""

from __future__ import annotations

from dataclasses import dataclass

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Database

READ_BYTES = 200_000_000  # of all tables together, those whose order a library decides first: about a second
TIMEOUT_S = 60.0
# A library that sorts otherwise than the one with which an index was made is the usual cause: such indexes come first.
# Read without any index, which would hide what it does not find. Rows that policies hide, and functions of the
# application, are left out; so are equalities that are not the type's own.
_QUERY = """
WITH without_indexes AS MATERIALIZED (
    SELECT left(set_config('enable_indexscan', 'off', true) || set_config('enable_indexonlyscan', 'off', true)
                || set_config('enable_bitmapscan', 'off', true), 0) AS nothing),
keys AS (
    SELECT i.*, x.relname AS name, format('%I.%I', n.nspname, r.relname) AS table, r.oid AS table_oid,
           EXISTS (SELECT FROM unnest(i.indcollation::oid[]) AS one WHERE one <> 0) AS sorted,
           r.relpersistence <> 't' AND NOT r.relforcerowsecurity
               AND has_table_privilege(r.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')
               AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = x.oid
                               AND d.refclassid = 'pg_proc'::regclass AND d.refobjid >= 16384)
               AND NOT EXISTS (SELECT FROM unnest(i.indclass::oid[]) AS one JOIN pg_opclass o ON o.oid = one
                               WHERE NOT o.opcdefault AND o.opcname !~ '_pattern_ops$') AS visible
      FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class r ON r.oid = i.indrelid
      JOIN pg_namespace n ON n.oid = r.relnamespace
     WHERE i.indisunique AND i.indisvalid AND r.relkind IN ('r', 'm') AND r.oid >= 16384 AND r.relpersistence <> 't'),
bounded AS (
    SELECT *, sum(pg_relation_size(table_oid)) OVER (
               ORDER BY sorted DESC, pg_relation_size(table_oid), indexrelid) AS bytes
      FROM keys)
SELECT name, "table", CASE WHEN visible AND bytes <= {bytes} THEN (
           SELECT word::boolean FROM ts_stat(nothing || format(
               'SELECT array_to_tsvector(ARRAY[EXISTS ('
                   || 'SELECT FROM ONLY %s WHERE %s GROUP BY %s HAVING count(*) > 1)::text])',
               "table", concat_ws(' AND ', known, '(' || pg_get_expr(indpred, indrelid) || ')'),
               columns))) END AS repeated
  FROM without_indexes, bounded, LATERAL (
      SELECT string_agg(value, ', ') AS columns,
             CASE WHEN to_jsonb(bounded) ->> 'indnullsnotdistinct' = 'true' THEN 'true'
                  ELSE string_agg(value || ' IS NOT NULL', ' AND ') END AS known
        FROM generate_series(1, indnkeyatts) AS k, LATERAL (
            SELECT '(' || pg_get_indexdef(indexrelid, k, false) || ')' || CASE indcollation[k - 1] WHEN 0 THEN ''
                       ELSE ' COLLATE ' || indcollation[k - 1]::regcollation::text END AS value) AS one) AS parts
 ORDER BY 2, 1
""".replace("{bytes}", str(READ_BYTES))


@dataclass(frozen=True)
class UniqueKey:
    """A unique index; `repeated`: rows stand twice below it. None: not examined, a large table or hidden rows."""

    name: str
    table: str
    repeated: bool | None


def tried_unique_keys(database: Database) -> tuple[UniqueKey, ...] | None:
    """Every unique index, those of smaller tables with their rows; None where that could not be asked in time.

    Source: PostgreSQL 15 manual, pg_index.
    """
    try:
        rows = database.rows(_QUERY, timeout_s=TIMEOUT_S)
    except FactUnreadable:
        return None
    return tuple(UniqueKey(str(one["name"]), str(one["table"]), one["repeated"]) for one in rows)
