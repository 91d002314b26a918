"""Members of extensions that were changed by hand: no dump has them, and a restore makes them as the script does."""

from __future__ import annotations

from dataclasses import dataclass

from runbook_lib.core.questions import Database

# What an extension's script made has the transaction of a membership, or that of the last update. Of a function that
# was altered the row of pg_proc is another; of one that was replaced, what it depends on as well. A grant changes the
# row too, and comes along in a dump. Where half of many functions are younger, no hand was at it but SET SCHEMA,
# REASSIGN OWNED or pg_upgrade. What was made after the change may rest on it: `unaccent` that was made IMMUTABLE.
_CHANGED = """
WITH member AS (
    SELECT refobjid AS extension, classid, objid, xmin AS xid FROM pg_depend
     WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'),
scripts AS (SELECT extension, xid FROM member UNION SELECT oid, xmin FROM pg_extension),
scripted AS (  -- not those that pg_upgrade put together, piece by piece: nothing of them is as old as the rest
    SELECT extension FROM member WHERE classid <> 'pg_type'::regclass GROUP BY extension, xid HAVING count(*) > 1
    UNION SELECT m.extension FROM member m JOIN pg_extension e ON e.oid = m.extension AND e.xmin = m.xid),
own (relation, what, xid) AS (
    SELECT tgrelid, 'trigger ' || quote_ident(tgname), xmin FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT i.indrelid, 'index ' || quote_ident(c.relname), i.xmin
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     WHERE i.indrelid >= 16384 AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = c.oid AND contype <> 'f')
    UNION ALL SELECT conrelid, 'constraint ' || quote_ident(conname), xmin FROM pg_constraint WHERE conrelid >= 16384
    UNION ALL SELECT adrelid, 'default of ' || quote_ident(attname), d.xmin
      FROM pg_attrdef d JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
    UNION ALL SELECT polrelid, 'policy ' || quote_ident(polname), xmin FROM pg_policy
    UNION ALL SELECT prrelid, 'publication ' || quote_ident(pubname), r.xmin
      FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
    UNION ALL SELECT stxrelid, 'statistics ' || quote_ident(stxname), xmin FROM pg_statistic_ext
    UNION ALL SELECT inhrelid, 'child of ' || inhparent::regclass::text, xmin FROM pg_inherits
    UNION ALL SELECT c.oid, what, c.xmin FROM pg_class c
      LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
      LEFT JOIN pg_extension e ON e.oid = d.refobjid,
      LATERAL (VALUES ('row level security', relrowsecurity OR relforcerowsecurity),
                      ('its options', reloptions IS NOT NULL), ('replica identity', relreplident <> 'd'),
                      ('its owner', relowner <> extowner)) AS kinds (what, has)
     WHERE has AND relkind IN ('r', 'p')),
pieces AS (
    SELECT m.*, 0 AS part, '' AS name, p.xmin AS now
      FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
      LEFT JOIN pg_init_privs i ON i.classoid = m.classid AND i.objoid = m.objid AND i.objsubid = 0
     WHERE p.proacl IS NOT DISTINCT FROM i.initprivs
    UNION ALL SELECT m.*, 0, '', d.xmin
      FROM member m JOIN pg_depend d ON d.classid = m.classid AND d.objid = m.objid
     WHERE m.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_namespace'::regclass
    UNION ALL SELECT m.*, 0, '', r.xmin
      FROM member m JOIN pg_rewrite r ON m.classid = 'pg_class'::regclass AND r.ev_class = m.objid
    UNION ALL SELECT m.*, a.attnum, '', a.xmin
      FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid AND c.relkind = 'r'
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND a.attacl IS NULL AND NOT a.attisdropped
    UNION ALL SELECT m.*, 0, format(' (%L)', v.enumlabel), v.xmin
      FROM member m JOIN pg_enum v ON m.classid = 'pg_type'::regclass AND v.enumtypid = m.objid
    UNION ALL SELECT m.*, c.objsubid, format(' (its %s)', c.what), c.xid FROM scripted JOIN member m USING (extension)
      JOIN (SELECT classoid, objoid, objsubid, 'comment' AS what, xmin AS xid FROM pg_description
            UNION ALL SELECT classoid, objoid, objsubid, 'security label', xmin FROM pg_seclabel) AS c
        ON c.classoid = m.classid AND c.objoid = m.objid
    UNION ALL SELECT m.*, 0, format(' (%s)', own.what), own.xid
      FROM scripted JOIN member m USING (extension) JOIN own ON own.relation = m.objid
     WHERE m.classid = 'pg_class'::regclass),
changed AS (
    SELECT p.extension, p.classid, p.objid, p.part, p.name, max(age(p.now)) AS age
      FROM pieces p WHERE NOT EXISTS (SELECT FROM scripts s WHERE s.extension = p.extension AND s.xid = p.now)
       AND age(p.now) < age(p.xid)  -- what is older was added by hand, and is named as such
     GROUP BY 1, 2, 3, 4, 5
    -- what default privileges gave while the script ran counts as given by it: no dump has it
    UNION ALL SELECT m.extension, m.classid, m.objid, i.objsubid, ' (its privileges)', 0
      FROM member m JOIN pg_init_privs i ON i.classoid = m.classid AND i.objoid = m.objid
     WHERE EXISTS (SELECT FROM aclexplode(i.initprivs) WHERE grantee >= 16384 AND grantee <> grantor)),
functions AS (
    SELECT m.extension, count(*) > 4 AND count(*) < 2 * count(c.objid) AS by_no_hand
      FROM member m LEFT JOIN changed c ON c.classid = m.classid AND c.objid = m.objid AND c.name = ''
     WHERE m.classid = 'pg_proc'::regclass GROUP BY 1)
SELECT e.extname AS extension,
       (SELECT type || ' ' || identity FROM pg_identify_object(c.classid, c.objid, c.part)) || c.name AS name,
       CASE WHEN c.classid = 'pg_class'::regclass THEN
                 (c.part > 0 AND c.name = '' OR c.name = ' (its owner)') AND c.objid = ANY (coalesce(e.extconfig, '{}'))
                 -- a foreign key of one's own to a key that only was added by hand
                 OR c.name ~ '^ [(](index|constraint) ' AND EXISTS (
                    SELECT FROM pg_constraint f JOIN pg_index i ON i.indexrelid = f.conindid
                     WHERE f.contype = 'f' AND i.indrelid = c.objid AND age(i.xmin) <= c.age)
            WHEN c.classid = 'pg_type'::regclass THEN c.name !~ '^ [(]its ' AND EXISTS (
                SELECT FROM pg_attribute WHERE atttypid = c.objid AND attrelid >= 16384)
            ELSE c.name = '' AND EXISTS (
                SELECT FROM pg_depend d LEFT JOIN pg_class r ON d.classid = 'pg_class'::regclass AND r.oid = d.objid
                  LEFT JOIN pg_attrdef g ON d.classid = 'pg_attrdef'::regclass AND g.oid = d.objid
                  LEFT JOIN pg_attribute a ON a.attrelid = g.adrelid AND a.attnum = g.adnum
                 WHERE d.refclassid = c.classid AND d.refobjid = c.objid AND age(d.xmin) <= c.age
                   AND (r.relkind IN ('i', 'I', 'p') OR a.attgenerated <> ''
                        OR d.classid = 'pg_constraint'::regclass)) END AS needed
  FROM changed c JOIN pg_extension e ON e.oid = c.extension LEFT JOIN functions f USING (extension)
 WHERE NOT (c.classid = 'pg_proc'::regclass AND c.name = '' AND coalesce(f.by_no_hand, false))
 ORDER BY needed DESC, extension, name
"""


@dataclass(frozen=True)
class ChangedMember:
    """A function, view, table, column or value of an extension that its script did not leave so.

    `needed`: an index, a CHECK, a generated column or a partition key that was made since calls it, or rows have it: a
    restore may end there.
    """

    extension: str
    name: str
    needed: bool


def changed_members(database: Database) -> tuple[ChangedMember, ...]:
    """What a restore would make otherwise than it is. Raises FactUnreadable, KeyError.

    Source: PostgreSQL 15 manual, pg_depend, pg_init_privs; src/bin/pg_dump, checkExtensionMembership.
    """
    return tuple(ChangedMember(str(one["extension"]), str(one["name"]), bool(one["needed"]))
                 for one in database.rows(_CHANGED))
