# shellcheck shell=bash
# What a backup asks the database itself, in the snapshot that pg_dump reads: the independent half of its proof.

# snapshot_queries: run in one transaction, unaligned and without headings, these print "snapshot", "revision" and
# "invalid_indexes" with a JSON value each, a line "counted<TAB><name in hex><TAB><rows>" for each table, with "<TAB><name in
# hex>" of the topmost table for a partition, and "end". Limits that no older version knows are lifted first. What is joined to a
# text is one: an application may have made casts to text that are implicit, and then `text || bigint` is any of several operators.
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
SELECT coalesce((
    SELECT format($$SELECT 'revision' || E'\t' || coalesce(to_json(string_agg(version_num, ',' ORDER BY version_num))::text, 'null') FROM %s$$,
        c.oid::regclass)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'version_num' AND NOT a.attisdropped
        -- text as Alembic makes it: a table of that name may be another program's
        AND a.atttypid IN ('varchar'::regtype, 'text'::regtype, 'bpchar'::regtype)
    WHERE c.relname = 'alembic_version' AND c.relkind = 'r' AND c.relpersistence <> 't'
    ORDER BY c.relnamespace IS DISTINCT FROM to_regnamespace('public'), c.oid LIMIT 1),
    $$SELECT 'revision' || E'\tnull'$$) \gexec
-- A failed CREATE INDEX CONCURRENTLY leaves an index that pg_dump leaves out: the copy has none, and that is right.
SELECT 'invalid_indexes' || E'\t' || coalesce(json_agg(i.indexrelid::regclass::text ORDER BY 1)::text, '[]')
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT (i.indisvalid AND i.indisready) AND c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_';
-- The rows of each table whose rows pg_dump dumps. Of an extension's tables these are the configuration tables, by the
-- extension's own condition. Fifty at a time, and their locks given back: thousands would fill PostgreSQL's lock table.
SELECT 'SAVEPOINT counting',
    string_agg(format($$SELECT E'counted\t' || %L || E'\t' || count(*)::text || %L FROM ONLY %s %s$$, name, of, relation, condition), ' UNION ALL '),
    'ROLLBACK TO SAVEPOINT counting'
FROM (
    SELECT encode(convert_to(format('%I.%I', n.nspname, c.relname), current_setting('server_encoding')), 'hex') AS name,
        CASE WHEN c.relispartition THEN (
            SELECT E'\t' || encode(convert_to(format('%I.%I', rn.nspname, r.relname), current_setting('server_encoding')), 'hex')
                FROM pg_class r JOIN pg_namespace rn ON rn.oid = r.relnamespace WHERE r.oid = pg_partition_root(c.oid)) ELSE '' END AS of,
        format('%I.%I', n.nspname, c.relname) AS relation, configured.condition, row_number() OVER (ORDER BY c.oid) / 50 AS batch
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN (SELECT t.id, t.condition FROM pg_extension e, unnest(e.extconfig, e.extcondition) AS t(id, condition)) AS configured
        ON configured.id = c.oid
    WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND (configured.id IS NOT NULL OR (
        n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')))
) AS tables GROUP BY batch ORDER BY batch \gexec
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
