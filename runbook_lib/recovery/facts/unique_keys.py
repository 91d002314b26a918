"""Rows that stand twice below a unique index, or that exclude each other: a damaged index lets them in, and no restore
could make it again.
"""

from __future__ import annotations

from dataclasses import dataclass

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Database

READ_BYTES = 200_000_000  # of all tables together, those whose order a library decides first: about a second
COMPARED_BYTES = 400_000  # of a table with an exclusion constraint, each row with each other: about a second
TIMEOUT_S = 60.0
# A library that sorts otherwise than the one with which an index was made is the usual cause: such indexes come first.
# Read without any index, which would hide what it does not find. Rows that policies hide, and functions of the
# application, are left out; so are equalities that are not the type's own.
_QUERY = """
WITH without_indexes AS MATERIALIZED (
    SELECT left(set_config('enable_indexscan', 'off', true) || set_config('enable_indexonlyscan', 'off', true)
                || set_config('enable_bitmapscan', 'off', true), 0) AS nothing),
keys AS (
    SELECT i.*, x.relname AS name, format('%I.%I', n.nspname, r.relname) AS table, r.oid AS table_oid, c.conexclop,
           EXISTS (SELECT FROM unnest(i.indcollation::oid[]) AS one WHERE one <> 0) AS sorted,
           r.relpersistence <> 't' AND NOT r.relforcerowsecurity
               AND has_table_privilege(r.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')
               AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = x.oid
                               AND d.refclassid = 'pg_proc'::regclass AND d.refobjid >= 16384)
               AND NOT EXISTS (SELECT FROM unnest(i.indclass::oid[]) AS one JOIN pg_opclass o ON o.oid = one
                               WHERE NOT o.opcdefault AND o.opcname !~ '_pattern_ops$') AS visible
      FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class r ON r.oid = i.indrelid
      JOIN pg_namespace n ON n.oid = r.relnamespace
      LEFT JOIN pg_constraint c ON c.conindid = x.oid AND c.contype = 'x'
     WHERE (i.indisunique OR i.indisexclusion) AND i.indisvalid AND r.relkind IN ('r', 'm') AND r.oid >= 16384
       AND r.relpersistence <> 't'),
bounded AS (
    SELECT *, sum(pg_relation_size(table_oid)) OVER (
               ORDER BY sorted DESC, pg_relation_size(table_oid), indexrelid) AS bytes
      FROM keys)
SELECT name, "table", CASE WHEN visible AND bytes <= {bytes}
           AND (indisunique OR pg_relation_size(table_oid) <= {compared}) THEN (
           SELECT word::boolean FROM ts_stat(nothing || format(
               'SELECT array_to_tsvector(ARRAY[EXISTS (' || CASE WHEN indisunique
                   THEN 'SELECT FROM ONLY %1$s WHERE %2$s GROUP BY %3$s HAVING count(*) > 1'
                   ELSE 'SELECT FROM (SELECT ctid, %4$s FROM ONLY %1$s WHERE %2$s) AS a'
                       || ' JOIN (SELECT ctid, %4$s FROM ONLY %1$s WHERE %2$s) AS b ON a.ctid < b.ctid AND %5$s' END
                   || ')::text])',
               "table", concat_ws(' AND ', known, '(' || pg_get_expr(indpred, indrelid) || ')'),
               columns, named, excluded))) END AS repeated
  FROM without_indexes, bounded, LATERAL (
      SELECT string_agg(value, ', ') AS columns,
             CASE WHEN to_jsonb(bounded) ->> 'indnullsnotdistinct' = 'true' THEN 'true'
                  ELSE string_agg(value || ' IS NOT NULL', ' AND ') END AS known,
             string_agg(value || ' AS k' || k::text, ', ') AS named,
             string_agg('a.k' || k::text || ' OPERATOR(' || quote_ident(o.nspname) || '.' || o.oprname || ') b.k'
                            || k::text,
                        ' AND ') AS excluded
        FROM generate_series(1, indnkeyatts) AS k
        LEFT JOIN (SELECT pg_operator.oid, oprname, nspname
                     FROM pg_operator JOIN pg_namespace ON oprnamespace = pg_namespace.oid) AS o
          ON o.oid = conexclop[k], LATERAL (
            SELECT '(' || pg_get_indexdef(indexrelid, k, false) || ')' || CASE indcollation[k - 1] WHEN 0 THEN ''
                       ELSE ' COLLATE ' || indcollation[k - 1]::regcollation::text END AS value) AS one) AS parts
 ORDER BY 2, 1
""".replace("{bytes}", str(READ_BYTES)).replace("{compared}", str(COMPARED_BYTES))


@dataclass(frozen=True)
class UniqueKey:
    """A unique index, or that of an exclusion constraint; `repeated`: rows stand twice below it, or exclude each other.

    None: not examined, a large table or hidden rows.
    """

    name: str
    table: str
    repeated: bool | None


def tried_unique_keys(database: Database) -> tuple[UniqueKey, ...] | None:
    """Every such index, those of smaller tables with their rows; None where that could not be asked in time.

    Source: PostgreSQL 15 manual, pg_index.
    """
    try:
        rows = database.rows(_QUERY, timeout_s=TIMEOUT_S)
    except FactUnreadable:
        return None
    return tuple(UniqueKey(str(one["name"]), str(one["table"]), one["repeated"]) for one in rows)
