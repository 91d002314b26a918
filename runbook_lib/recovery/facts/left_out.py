"""What of a database no dump holds: objects in PostgreSQL's own schemas, and those that were added to an extension."""

from __future__ import annotations

from dataclasses import dataclass

from runbook_lib.core.questions import Database

# Objects that were made after the server was. Those of an extension come back with it. A cast by such a function is in
# a dump, without the function: what many applications run since PostgreSQL 8.3 to have implicit casts to text.
_LEFT_OUT = """
WITH made AS (
    SELECT 'pg_class'::regclass AS kind, oid, relnamespace AS schema, relkind IN ('r', 'm', 'S') AND
           pg_relation_size(oid) > 0 AS filled FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
    UNION ALL SELECT 'pg_class'::regclass, oid, relnamespace, false FROM pg_class WHERE relkind = 'c'
    UNION ALL SELECT 'pg_type'::regclass, t.oid, typnamespace, false FROM pg_type t WHERE typrelid = 0
       AND typtype IN ('b', 'd', 'e', 'r') AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
    UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace, false FROM pg_proc
    UNION ALL SELECT 'pg_operator'::regclass, oid, oprnamespace, false FROM pg_operator
    UNION ALL SELECT 'pg_opclass'::regclass, oid, opcnamespace, false FROM pg_opclass
    UNION ALL SELECT 'pg_collation'::regclass, oid, collnamespace, false FROM pg_collation
    UNION ALL SELECT 'pg_conversion'::regclass, oid, connamespace, false FROM pg_conversion
    UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgnamespace, false FROM pg_ts_config
    UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictnamespace, false FROM pg_ts_dict),
-- an extension's script makes an object and its membership in one transaction. Whose membership is younger was added by
-- hand (ALTER EXTENSION … ADD): the script does not make it, and pg_dump leaves it out
known AS (
    SELECT classid AS kind, objid AS oid, xmin AS since FROM pg_depend
     WHERE refclassid = 'pg_namespace'::regclass AND deptype = 'n' AND objsubid = 0
    UNION ALL SELECT 'pg_namespace'::regclass, oid, xmin FROM pg_namespace
    UNION ALL SELECT 'pg_cast'::regclass, oid, xmin FROM pg_cast
    UNION ALL SELECT 'pg_foreign_server'::regclass, oid, xmin FROM pg_foreign_server
    UNION ALL SELECT 'pg_event_trigger'::regclass, oid, xmin FROM pg_event_trigger),
left_out AS (
    SELECT kind, oid, filled, false AS expected, '' AS of FROM made m
     WHERE oid >= 16384 AND schema IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
       AND NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = kind AND d.objid = m.oid AND d.deptype IN ('e', 'a', 'i'))
    UNION ALL
    SELECT k.kind, k.oid, coalesce(m.filled, false), k.oid = ANY (coalesce(e.extconfig, '{}')),
           ', added to the extension ' || e.extname
      FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
      JOIN known k ON k.kind = d.classid AND k.oid = d.objid LEFT JOIN made m ON m.kind = k.kind AND m.oid = k.oid
     WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND d.objid >= 16384
       AND age(k.since) > age(d.xmin))
SELECT (SELECT type || ' ' || identity FROM pg_identify_object(kind, oid, 0)) || of AS name, filled,
       expected OR EXISTS (
           SELECT FROM pg_depend d WHERE d.refclassid = kind AND d.refobjid = m.oid AND d.deptype = 'n'
              AND NOT EXISTS (SELECT FROM pg_depend e
                               WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')) AS needed
  FROM left_out m
 ORDER BY filled DESC, needed DESC, name
"""


@dataclass(frozen=True)
class LeftOut:
    """An object that is in no dump. `filled`: it holds data; `needed`: something else does not work without it."""

    name: str
    filled: bool
    needed: bool


def left_out_of_dumps(database: Database) -> tuple[LeftOut, ...]:
    """Objects in pg_catalog and information_schema that PostgreSQL did not make, and those added to an extension.

    Raises FactUnreadable, KeyError. Source: PostgreSQL 15 manual, pg_depend; src/bin/pg_dump, selectDumpableNamespace.
    """
    return tuple(LeftOut(str(one["name"]), bool(one["filled"]), bool(one["needed"]))
                 for one in database.rows(_LEFT_OUT))
