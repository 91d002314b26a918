"""What a dump carries and a restore stumbles on, or makes otherwise, without any function being tried."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Database

TRIED, TRY_TIMEOUT_S = 30, 10.0
# canceled by our limit, and no privilege: PostgreSQL's codes, in any language
_NOT_TRIED = re.compile(r"57014:|42501:")

# Rows that initdb wrote are older than nearly all views of the information schema, which it makes last. In PostgreSQL's
# trees of expressions a function has its number, the column `tableoid` is the sixth before the first, and 2205 is the
# type regclass.
_PITFALLS = """
WITH member AS (SELECT classid, objid FROM pg_depend
                 WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'),
initdb (xid) AS (SELECT percentile_disc(0.9) WITHIN GROUP (ORDER BY r.xmin::text::bigint)
                   FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
                  WHERE c.relnamespace = 'information_schema'::regnamespace AND r.oid < 16384),
used (expression) AS (
    SELECT concat(indexprs, indpred) FROM pg_index WHERE indrelid >= 16384
    UNION ALL SELECT partexprs::text FROM pg_partitioned_table
    UNION ALL SELECT adbin::text FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
     WHERE attgenerated <> ''),
own (classid, objid, xid) AS (
    SELECT 'pg_proc'::regclass, p.oid, p.xmin FROM pg_proc p
      LEFT JOIN pg_init_privs i ON i.classoid = 'pg_proc'::regclass AND i.objoid = p.oid
     WHERE p.proacl IS NOT DISTINCT FROM i.initprivs  -- what is granted is in a dump
    UNION ALL SELECT 'pg_ts_dict'::regclass, oid, xmin FROM pg_ts_dict
    UNION ALL SELECT DISTINCT ON (mapcfg) 'pg_ts_config'::regclass, mapcfg, xmin FROM (
        SELECT mapcfg, xmin FROM pg_ts_config_map ORDER BY mapcfg, xmin::text::bigint DESC) AS maps
    UNION ALL SELECT 'pg_class'::regclass, ev_class, r.xmin FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class
     WHERE c.relnamespace = 'pg_catalog'::regnamespace)
SELECT 'child' AS kind, format('%s, of %s', inhrelid::regclass, inhparent::regclass) AS name, NULL AS attempt
  FROM pg_inherits JOIN pg_class c ON c.oid = inhparent AND c.relkind IN ('r', 'p', 'f')
  JOIN member ON classid = 'pg_class'::regclass AND objid = inhparent
 WHERE inhrelid NOT IN (SELECT objid FROM member WHERE classid = 'pg_class'::regclass)
UNION ALL SELECT DISTINCT 'index_in_default', (SELECT type || ' ' || identity
                              FROM pg_identify_object(d.classid, d.objid, 0)), NULL
  FROM pg_depend d JOIN pg_class c ON c.oid = d.refobjid AND c.relkind IN ('i', 'I')
 WHERE d.refclassid = 'pg_class'::regclass AND d.objid NOT IN (SELECT objid FROM member)
   AND (d.classid = 'pg_attrdef'::regclass OR d.classid = 'pg_type'::regclass)
UNION ALL SELECT 'own_number', format('CHECK %s of %s', conname, conrelid::regclass), NULL FROM pg_constraint
 WHERE contype = 'c' AND conrelid >= 16384 AND conbin::text ~ ':varattno -6 ' AND conbin::text !~ ':consttype 2205 '
UNION ALL SELECT DISTINCT 'disabled_key', format('%s of %s', conname, conrelid::regclass), NULL
  FROM pg_trigger t JOIN pg_constraint k ON k.oid = t.tgconstraint
 WHERE t.tgisinternal AND t.tgenabled <> 'O' AND k.contype = 'f' AND k.conparentid = 0
UNION ALL SELECT 'renamed_public', nspname, NULL FROM pg_namespace n
  JOIN pg_init_privs ON classoid = 'pg_namespace'::regclass AND objoid = n.oid
 WHERE n.oid = 2200 AND nspname <> 'public'
UNION ALL SELECT CASE WHEN o.classid = 'pg_proc'::regclass AND EXISTS (
                      SELECT FROM used WHERE expression LIKE format('%%:funcid %s %%', o.objid))
                 THEN 'needed_system' ELSE 'system' END,
       (SELECT type || ' ' || identity FROM pg_identify_object(o.classid, o.objid, 0)), NULL
  FROM own o, initdb WHERE o.objid < 16384 AND o.xid::text::bigint > initdb.xid
   AND NOT EXISTS (SELECT FROM member m WHERE m.classid = o.classid AND m.objid = o.objid)
UNION ALL SELECT 'system', 'operator family ' || opfname || ': ' || amopopr::regoperator::text, NULL
  FROM pg_depend d JOIN pg_amop a ON d.classid = 'pg_amop'::regclass AND a.oid = d.objid
  JOIN pg_opfamily f ON f.oid = d.refobjid
 WHERE d.refclassid = 'pg_opfamily'::regclass AND f.oid < 16384
   AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_operator'::regclass AND m.objid = a.amopopr)
UNION ALL SELECT 'library', format('%s (%s)', p.oid::regprocedure, coalesce(probin, prosrc)), NULL
  FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
 WHERE p.oid >= 16384 AND p.oid NOT IN (SELECT objid FROM member WHERE classid = 'pg_proc'::regclass)
   AND (l.lanname = 'c' OR l.lanname = 'internal' AND NOT EXISTS (
            SELECT FROM pg_proc b WHERE b.oid < 16384 AND b.prolang = p.prolang AND b.prosrc = p.prosrc))
UNION ALL SELECT 'file', 'text search dictionary ' || d.oid::regdictionary::text,
       format('ts_lexize(%L, %L) IS NULL', format('%I.%I', nspname, dictname), 'a')
  FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace
 WHERE d.oid >= 16384 AND d.oid NOT IN (SELECT objid FROM member WHERE classid = 'pg_ts_dict'::regclass)
UNION ALL SELECT 'file', 'collation ' || c.oid::regcollation::text,
       format('%L < %L COLLATE %I.%I', 'a', 'b', nspname, collname)
  FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
 WHERE c.collprovider IN ('c', 'i') AND c.collname NOT IN ('C', 'POSIX')
   AND (c.oid >= 16384 OR c.oid IN (SELECT attcollation FROM pg_attribute WHERE attrelid >= 16384
                                    UNION SELECT unnest(indcollation::oid[]) FROM pg_index WHERE indrelid >= 16384))
 ORDER BY 1, 2
"""


class Kind(StrEnum):
    """What a restore makes of it: the first ones end it."""

    CHILD = "child"
    INDEX_IN_DEFAULT = "index_in_default"
    RENAMED_PUBLIC = "renamed_public"
    NEEDED_SYSTEM = "needed_system"
    FILE = "file"
    OWN_NUMBER = "own_number"
    LIBRARY = "library"
    DISABLED_KEY = "disabled_key"
    SYSTEM = "system"


@dataclass(frozen=True)
class Pitfall:
    """One object, with its kind; of a file that cannot be read, with PostgreSQL's words."""

    kind: Kind
    name: str


def restore_pitfalls(database: Database) -> tuple[Pitfall, ...]:
    """All of them. Raises FactUnreadable, KeyError, ValueError.

    Source: PostgreSQL 15 manual, pg_inherits, pg_init_privs, pg_trigger; src/bin/pg_dump.
    """
    rows = database.rows(_PITFALLS)
    found = [Pitfall(Kind(str(one["kind"])), str(one["name"])) for one in rows if not one.get("attempt")]
    # a name with one of these could not be asked for through our connection
    tried = [one for one in rows if one.get("attempt") and not set(";\\") & set(str(one["attempt"]))]
    for one in tried[:TRIED]:
        error = _error_of(str(one["attempt"]), database)
        if error:
            found.append(Pitfall(Kind(str(one["kind"])), f"{one['name']}: {error}"))
    return tuple(found)


def _error_of(expression: str, database: Database) -> str:
    """What PostgreSQL says, if it cannot compute that; nothing where it could not be tried."""
    try:
        database.rows(f"SELECT {expression} AS computed", timeout_s=TRY_TIMEOUT_S)
    except FactUnreadable as cause:
        return "" if _NOT_TRIED.search(cause.what) else " ".join(cause.what.split())[:200]
    return ""
