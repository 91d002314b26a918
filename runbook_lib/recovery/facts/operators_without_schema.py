"""Operators that PostgreSQL prints without their schema: a restore, with an empty search path, finds others or none."""

from __future__ import annotations

from dataclasses import dataclass

from runbook_lib.core.questions import Database

# IS DISTINCT FROM, NULLIF, CASE x WHEN y, JOIN … USING and comparisons of rows have no form with OPERATOR(schema.name).
# What depends on an operator and has it nowhere in its text has one of these; or sorts and groups, where its type
# decides which operator that is.
_QUERY = """
WITH path AS MATERIALIZED (SELECT set_config('search_path', '', true) AS nothing),
used AS (
    SELECT DISTINCT d.classid, d.objid, o.oid AS operator, o.oprname, o.oprleft, o.oprright, n.nspname
      FROM pg_depend d JOIN pg_operator o ON o.oid = d.refobjid JOIN pg_namespace n ON n.oid = o.oprnamespace
     WHERE d.refclassid = 'pg_operator'::regclass AND n.nspname <> 'pg_catalog' AND o.oprleft <> 0
       AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')),
texts AS (
    SELECT u.*, nothing || CASE classid
        WHEN 'pg_rewrite'::regclass THEN (
            SELECT CASE rulename WHEN '_RETURN' THEN pg_get_viewdef(ev_class) ELSE pg_get_ruledef(oid) END
              FROM pg_rewrite WHERE oid = objid
               AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = ev_class
                                  AND e.deptype = 'e'))
        WHEN 'pg_trigger'::regclass THEN pg_get_triggerdef(objid)
        WHEN 'pg_constraint'::regclass THEN pg_get_constraintdef(objid)
        WHEN 'pg_class'::regclass THEN (SELECT pg_get_indexdef(oid) FROM pg_class WHERE oid = objid AND relkind = 'i')
        WHEN 'pg_attrdef'::regclass THEN (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE oid = objid)
        WHEN 'pg_policy'::regclass THEN (
            SELECT concat(pg_get_expr(polqual, polrelid), ' ', pg_get_expr(polwithcheck, polrelid))
              FROM pg_policy WHERE oid = objid)
        WHEN 'pg_proc'::regclass THEN (
            SELECT pg_get_functiondef(oid) FROM pg_proc WHERE oid = objid AND prokind IN ('f', 'p'))
        WHEN 'pg_statistic_ext'::regclass THEN pg_get_statisticsobjdef(objid) END AS text
      FROM path, used u)
SELECT pg_describe_object(classid, objid, 0) AS name, format('%I.%s', nspname, oprname) AS operator,
       strpos(text, full_name) = 0 AND (classid <> 'pg_rewrite'::regclass
           OR text !~* ('[[:<:]](GROUP BY|ORDER BY|PARTITION BY|UNION|EXCEPT|INTERSECT)[[:>:]]'
                        || '|[[:<:]]DISTINCT[[:>:]](?! FROM)')) AS certain,
       EXISTS (SELECT FROM pg_operator p WHERE p.oprnamespace = 'pg_catalog'::regnamespace AND p.oprname = t.oprname
                  AND EXISTS (SELECT FROM pg_cast c WHERE c.castsource = t.oprleft AND c.casttarget = p.oprleft
                                 AND c.castcontext = 'i')
                  AND EXISTS (SELECT FROM pg_cast c WHERE c.castsource = t.oprright AND c.casttarget = p.oprright
                                 AND c.castcontext = 'i')) AS another
  FROM texts t, LATERAL (SELECT format('OPERATOR(%I.%s)', nspname, oprname) AS full_name) AS printed
 WHERE strpos(text, full_name) = 0
       AND text ~* ('[[:<:]](IS (NOT )?DISTINCT FROM|NATURAL)[[:>:]]|[[:<:]](NULLIF|USING )[(]'
                    || '|[[:<:]]CASE[[:>:]][[:space:]]+(?!WHEN[[:>:]])|[)] [<>=]{1,2} ROW[(]')
    -- the columns of rows have each an operator, and all are printed as the first
    OR text ~* '[)] OPERATOR[(][^)]+[)] ROW[(]'
 ORDER BY certain DESC, another, 1, 2
"""


@dataclass(frozen=True)
class PrintedOperator:
    """`operator` in the object `name`, which a dump has without its schema.

    `certain`: no sorting or grouping could be what it is for. `another`: PostgreSQL's own of that name would be taken.
    """

    name: str
    operator: str
    certain: bool
    another: bool


def printed_operators(database: Database) -> tuple[PrintedOperator, ...]:
    """What of the database uses an operator in a way that no dump can write in full. Raises FactUnreadable, KeyError.

    Source: PostgreSQL 15, src/backend/utils/adt/ruleutils.c, get_rule_expr (DistinctExpr, NullIfExpr, RowCompareExpr).
    """
    return tuple(PrintedOperator(str(one["name"]), str(one["operator"]), bool(one["certain"]), bool(one["another"]))
                 for one in database.rows(_QUERY))
