# shellcheck shell=bash
# What a database holds, in the form of a manifest. Shared by the backup, and by whatever compares a restored copy with it.

# snapshot_queries: run in one transaction, unaligned and without headings, these print "snapshot", "revision" and "objects"
# with a JSON value, one line a table "<table><TAB><rows><TAB><json>", and "end".
# The hash of a table is a sum over its rows, so it does not depend on their order. `objects` counts constraints, indexes,
# columns and sequences and hashes their definitions: a table can have all its rows and lack its foreign keys.
snapshot_queries() {
    cat <<'SQL'
SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'postgres';
SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex';
SELECT 'snapshot' || E'\t' || json_build_object(
    'database', current_database(),
    'taken_at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'server_version', current_setting('server_version'),
    'database_bytes', pg_database_size(current_database()));
SELECT CASE WHEN to_regclass('public.alembic_version') IS NULL THEN $$SELECT 'revision' || E'\tnull'$$
    ELSE $$SELECT 'revision' || E'\t' || coalesce(to_json(string_agg(version_num, ',' ORDER BY version_num))::text, 'null')
           FROM public.alembic_version$$ END \gexec
SELECT format($$SELECT %1$L || E'\t' || count(*) || E'\t' || json_build_object('table', %1$L, 'rows', count(*), 'content',
           coalesce(sum(('x' || left(md5(t::text), 16))::bit(64)::bigint), 0) || ':' ||
           coalesce(sum(('x' || right(md5(t::text), 16))::bit(64)::bigint), 0)) FROM ONLY %1$s t$$,
           format('%I.%I', n.nspname, c.relname))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1 \gexec
SET LOCAL search_path = pg_catalog;
SELECT 'objects' || E'\t' || json_build_object('count', count(*), 'definitions', md5(coalesce(string_agg(o, E'\n' ORDER BY o), '')))
    FROM (SELECT n.nspname, concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(d.oid)) COLLATE "C"
              FROM pg_constraint d JOIN pg_namespace n ON n.oid = connamespace WHERE conrelid <> 0
          UNION ALL SELECT schemaname, concat_ws(' ', 'index', indexdef) COLLATE "C" FROM pg_indexes
          UNION ALL SELECT schemaname, concat_ws(' ', 'sequence', schemaname, sequencename, data_type, increment_by) COLLATE "C"
              FROM pg_sequences  -- not its value: that continues, whatever the snapshot
          UNION ALL SELECT n.nspname, concat_ws(' ', 'column', attrelid::regclass, attname, format_type(atttypid, atttypmod),
                  attnotnull, attidentity, attgenerated, pg_get_expr(adbin, adrelid)) COLLATE "C"
              FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
              LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
              WHERE attnum > 0 AND NOT attisdropped AND c.relkind IN ('r', 'p', 'v', 'm')) AS objects(schema, o)
    WHERE schema !~ '^pg_' AND schema <> 'information_schema';
SELECT 'end';
SQL
}
