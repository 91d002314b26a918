# shellcheck shell=bash
# What a backup asks the database itself, in the snapshot that pg_dump reads: the independent half of its proof.

# snapshot_queries: run in one transaction, unaligned and without headings, these print "snapshot" and "invalid_indexes" with a JSON
# value each, the rows of Alembic's table between "revisions" and "revisions end", then the rows of each table, and "end".
# Of a table they print "counted<TAB><name in hex><TAB><rows>", with "<TAB><name in hex>" of the topmost table for a partition; or
# "counting" with these names, and in the next line "COPY <rows>". Limits that no older version knows are lifted first. What is
# joined to a text is one: an application may have made casts to text that are implicit, and then `text || bigint` is any of several
# operators.
# Whatever is planned for a table runs functions of the application: those in the expressions of its indexes and statistics, with
# constants or in SQL. As a superuser they could do everything, and with an empty search path some fail. A COPY plans nothing.
snapshot_queries() {
    cat <<'SQL'
SET LOCAL search_path = pg_catalog;
-- as pg_dump: it has the same locks, and when it gives up no other session is waiting for this any more
SET LOCAL lock_timeout = '60s';
SELECT set_config(name, '0', true) FROM pg_settings WHERE name = 'transaction_timeout' \g /dev/null
SELECT 'snapshot' || E'\t' || json_build_object(
    'database', current_database(),
    'taken_at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'server_version', current_setting('server_version'),
    'system', (SELECT system_identifier::text FROM pg_control_system()),
    'database_bytes', pg_database_size(current_database()))::text;
-- Alembic can be configured to keep its table in any schema.
SELECT rolsuper AS superuser FROM pg_roles WHERE rolname = current_user \gset
SELECT $$SELECT 'revisions'$$, format('COPY %s (version_num) TO STDOUT', c.oid::regclass)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'version_num' AND NOT a.attisdropped
        -- text as Alembic makes it: a table of that name may be another program's
        AND a.atttypid IN ('varchar'::regtype, 'text'::regtype, 'bpchar'::regtype)
    WHERE c.relname = 'alembic_version' AND c.relkind = 'r' AND c.relpersistence <> 't'
    ORDER BY c.relnamespace IS DISTINCT FROM to_regnamespace('public'), c.oid LIMIT 1 \gexec
SELECT 'revisions end';
-- A failed CREATE INDEX CONCURRENTLY leaves an index that pg_dump leaves out: the copy has none, and that is right.
SELECT 'invalid_indexes' || E'\t' || coalesce(json_agg(i.indexrelid::regclass::text ORDER BY 1)::text, '[]')
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT (i.indisvalid AND i.indisready) AND c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_';
-- The rows of each table whose rows pg_dump dumps. Of an extension's tables these are the configuration tables, by the
-- extension's own condition. Fifty at a time, and their locks given back: thousands would fill PostgreSQL's lock table.
\set QUIET off
WITH tables AS MATERIALIZED (
    SELECT encode(convert_to(format('%I.%I', n.nspname, c.relname), current_setting('server_encoding')), 'hex') AS name,
        CASE WHEN c.relispartition THEN (
            SELECT E'\t' || encode(convert_to(format('%I.%I', rn.nspname, r.relname), current_setting('server_encoding')), 'hex')
                FROM pg_class r JOIN pg_namespace rn ON rn.oid = r.relnamespace WHERE r.oid = pg_partition_root(c.oid)) ELSE '' END AS of,
        format('%I.%I', n.nspname, c.relname) AS relation, coalesce(configured.condition, '') AS condition, c.oid::bigint AS id,
        -- of the column that is written in the least time; without one where there is none
        (SELECT '(' || quote_ident(attname) || ')' FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
            ORDER BY a.attlen < 0, t.typcategory NOT IN ('B', 'N'), a.attlen, a.attnum LIMIT 1) AS narrow,
        row_number() OVER (ORDER BY c.oid) / 50 AS batch
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN (SELECT t.id, t.condition FROM pg_extension e, unnest(e.extconfig, e.extcondition) AS t(id, condition)) AS configured
        ON configured.id = c.oid
    WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND (configured.id IS NOT NULL OR (
        n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))))
SELECT one FROM (
    SELECT batch, 0, 0, 'SAVEPOINT counting' FROM tables GROUP BY batch
    UNION ALL SELECT batch, id, 1, format($$SELECT E'counting\t' || %L$$, name || of) FROM tables WHERE :'superuser' AND condition = ''
    UNION ALL SELECT batch, id, 2, format('COPY %s %s TO %L', relation, narrow, '/dev/null') FROM tables WHERE :'superuser' AND condition = ''
    UNION ALL SELECT batch, id, 3, format($$SELECT E'counted\t' || %L || E'\t' || count(*)::text || %L FROM ONLY %s %s$$, name, of, relation, condition)
        FROM tables WHERE NOT (:'superuser' AND condition = '')
    UNION ALL SELECT batch, 4294967296, 4, 'ROLLBACK TO SAVEPOINT counting' FROM tables GROUP BY batch
) AS statements(batch, id, place, one) ORDER BY batch, id, place \gexec
\set QUIET on
SELECT 'end';
SQL
}

# unreadable_query: prints one line: the first tables whose rows this session may not read, or would not see all of; empty where there
# are none. A superuser reads all; the owner of a table does not see what its policies hide once they are forced.
unreadable_query() {
    cat <<'SQL'
SELECT coalesce((SELECT string_agg(one, ', ') FROM (
    SELECT to_json(format('%I.%I', nspname, relname))::text || CASE WHEN hidden THEN ' (row level security)' ELSE ' (no privilege)' END AS one
    FROM (SELECT n.nspname, c.relname, relrowsecurity AND row_security_active(c.oid) AS hidden,
            has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE') AS allowed
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')) AS tables
    WHERE hidden OR NOT allowed ORDER BY nspname, relname LIMIT 10) AS first), '');
SQL
}
