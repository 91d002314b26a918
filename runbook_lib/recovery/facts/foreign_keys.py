"""Rows whose foreign key refers to none: written while triggers were off, and no restore could add the key again."""

from __future__ import annotations

import re
from dataclasses import dataclass

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Database

TRIED_BYTES = 1_000_000_000  # of all tables of foreign keys together, the smallest first: some seconds
KEYS_TIMEOUT_S = 60.0
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
class ForeignKey:
    """A validated foreign key; `broken`: a row refers to none. None: a large table, or rows that are hidden from us."""

    name: str
    table: str
    broken: bool | None


def tried_keys(database: Database) -> tuple[ForeignKey, ...] | None:
    """Every foreign key, those of smaller tables with their rows; None where that took too long.

    Source: PostgreSQL 15 manual, pg_constraint.
    """
    try:
        rows = database.rows(_KEYS, timeout_s=KEYS_TIMEOUT_S)
    except FactUnreadable:
        return None
    return tuple(ForeignKey(str(one["name"]), str(one["table"]), one["broken"]) for one in rows)
