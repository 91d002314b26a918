# shellcheck shell=bash disable=SC2034
# A database's own settings, which no dump of its contents carries: locale, owner, privileges, limits, SET for all or for one
# role. Shared by the restore and the drill, so that the copy is made as the restored database would be.

# A limit that `close_database` set aside, so that whoever opens the database again knows it. As a setting of the database
# itself: it goes with it through every rename, and no run that dies can lose it. Its owner could set anything there: what
# is not a number is not a note.
readonly SAVED_LIMIT=runbook.connection_limit
readonly TRUE_LIMIT="coalesce((SELECT split_part(one, '=', 2)::int FROM pg_db_role_setting, unnest(setconfig) AS one
    WHERE setdatabase = d.oid AND setrole = 0 AND one ~ '^$SAVED_LIMIT=-?[0-9]{1,9}\$'), datconnlimit)"

# That `shut_database` noted: until the names are swapped, no role can connect.
readonly SAVED_ACCESS=runbook.connections_allowed

# admit_again: SQL that lets roles into :'name' again, where a run of ours shut them out. It sees its own transaction: a
# rename in the same one is done before any of them can come.
admit_again() {
    cat <<'SQL'
SELECT format(one, datname, :'saved_access') FROM pg_database d JOIN pg_db_role_setting ON setdatabase = d.oid AND setrole = 0,
    unnest(ARRAY['ALTER DATABASE %1$I ALLOW_CONNECTIONS true', 'ALTER DATABASE %1$I RESET %2$s']) WITH ORDINALITY AS t(one, place)
    WHERE datname = :'name' AND EXISTS (SELECT FROM unnest(setconfig) AS setting WHERE setting LIKE :'saved_access' || '=%') ORDER BY place \gexec
SQL
}

# open_again: SQL that gives :'name' its own connection limit back as well, where a run of ours noted it and set it to 0. A
# limit of 0 without a note is its operators'.
open_again() {
    admit_again
    cat <<'SQL'
SELECT format(one, datname, :true_limit, :'saved_limit') FROM pg_database d JOIN pg_db_role_setting ON setdatabase = d.oid AND setrole = 0,
    unnest(ARRAY['ALTER DATABASE %1$I CONNECTION LIMIT %2$s', 'ALTER DATABASE %1$I RESET %3$s']) WITH ORDINALITY AS t(one, place)
    WHERE datname = :'name' AND EXISTS (SELECT FROM unnest(setconfig) AS setting WHERE setting LIKE :'saved_limit' || '=%') ORDER BY place \gexec
SQL
}

# definition_queries: SQL that prints a script, which makes :"staged" as :"database" is. Where that is gone: the owner that
# the environment names, template0's locale, and the monitoring roles may connect. Columns by their names in JSON, because
# PostgreSQL 14 has no providers and 17 renamed one (daticulocale, datlocale). :collation_version is on, or off for another
# server: there the libraries may be others.
definition_queries() {
    cat <<'SQL'
SELECT current_setting('server_version_num')::int >= 150000 AND :'collation_version' = 'on' AS versioned \gset
\if :versioned
SELECT coalesce((SELECT format(' COLLATION_VERSION %L', pg_database_collation_actual_version(oid)) FROM pg_database
    WHERE datname IN (:'database', 'template0') AND pg_database_collation_actual_version(oid) IS NOT NULL
    ORDER BY datname = :'database' DESC LIMIT 1), '') AS collation_words \gset
\else
\set collation_words ''
\endif
SELECT format('CREATE DATABASE %I TEMPLATE template0 OWNER %I ENCODING %L LC_COLLATE %L LC_CTYPE %L', :'staged', owner,
        encoding, d ->> 'datcollate', d ->> 'datctype')
    || CASE d ->> 'datlocprovider'
        WHEN 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L', coalesce(d ->> 'datlocale', d ->> 'daticulocale'))
            || coalesce(' ICU_RULES ' || quote_literal(d ->> 'daticurules'), '')
        WHEN 'b' THEN format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', d ->> 'datlocale')
        WHEN 'c' THEN ' LOCALE_PROVIDER libc' ELSE '' END
    || :'collation_words' || CASE WHEN space IN ('pg_default', '') THEN '' ELSE format(' TABLESPACE %I', space) END || ';'
    FROM (SELECT to_jsonb(d) AS d, pg_get_userbyid(datdba) AS owner, pg_encoding_to_char(encoding) AS encoding,
              (SELECT spcname FROM pg_tablespace t WHERE t.oid = dattablespace) AS space, 0 AS place
              FROM pg_database d WHERE datname = :'database'
          UNION ALL SELECT to_jsonb(d), :'owner', pg_encoding_to_char(encoding), '', 1 FROM pg_database d WHERE datname = 'template0'
          ORDER BY place LIMIT 1) AS wanted;
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC, %I;', :'staged', pg_get_userbyid(datdba)) FROM pg_database
    WHERE datname = :'database' AND datacl IS NOT NULL
UNION ALL SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC;', :'staged')
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database');
-- the owner's own grants first: the others rest on them
SELECT CASE grantor WHEN datdba THEN '' ELSE format('SET ROLE %I; ', pg_get_userbyid(grantor)) END
    || format('GRANT %s ON DATABASE %I TO %s%s;', privilege_type, :'staged',
           CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
           CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) || ' RESET ROLE;'
    FROM pg_database, aclexplode(datacl) WITH ORDINALITY AS acl(grantor, grantee, privilege_type, is_grantable, place)
    WHERE datname = :'database' ORDER BY grantor <> datdba, place;
SELECT format('GRANT CONNECT ON DATABASE %I TO %I;', :'staged', rolname) FROM pg_roles
    WHERE rolcanlogin AND NOT rolsuper AND pg_has_role(oid, 'pg_monitor', 'member')
      AND NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database');
-- a limit of 0 follows with the swap: the loader must come in
SELECT format('ALTER DATABASE %I CONNECTION LIMIT %s;', :'staged', :true_limit) FROM pg_database d WHERE datname = :'database' AND :true_limit <> 0;
-- these hold lists of names, quoted already; an empty one can only be written as a string
SELECT format('ALTER %s SET %I TO %s;', CASE setrole WHEN 0 THEN format('DATABASE %I', :'staged')
           ELSE format('ROLE %I IN DATABASE %I', pg_get_userbyid(setrole), :'staged') END, split_part(one, '=', 1),
           CASE WHEN split_part(one, '=', 1) IN ('search_path', 'temp_tablespaces', 'local_preload_libraries',
               'session_preload_libraries', 'shared_preload_libraries', 'unix_socket_directories')
           THEN coalesce(nullif(regexp_replace(substr(one, strpos(one, '=') + 1), '(^|, *)""(?=,|$)', '\1''''', 'g'), ''), '''''')
           ELSE quote_literal(substr(one, strpos(one, '=') + 1)) END)
    FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(setconfig) AS one
    WHERE datname = :'database' AND one NOT LIKE 'runbook.%';
SQL
}

# roles_of_definition: SQL that prints a script, which makes the roles of all this on another server, with what the owner may
# do besides: its memberships and settings. They own nothing there, and only the owner may log in. Every role of the server:
# values of rows may name any (regrole, aclitem), and a restore on this server has them all.
roles_of_definition() {
    cat <<'SQL'
WITH RECURSIVE memberships AS (
    SELECT roleid, member FROM pg_auth_members JOIN pg_roles r ON r.oid = member WHERE rolname = :'owner'
    UNION SELECT m.roleid, m.member FROM pg_auth_members m JOIN memberships ON memberships.roleid = m.member),
named AS (
    SELECT oid FROM pg_roles WHERE rolname = :'owner'
    UNION SELECT datdba FROM pg_database WHERE datname = :'database'
    UNION SELECT unnest(ARRAY[grantor, grantee]) FROM pg_database, aclexplode(datacl) WHERE datname = :'database'
    UNION SELECT setrole FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase WHERE datname = :'database'
    UNION SELECT roleid FROM memberships
    UNION SELECT oid FROM pg_roles WHERE rolname !~ '^pg_')
SELECT line FROM (
    SELECT 1, format('SELECT %L WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = %L) \gexec', format('CREATE ROLE %I', rolname), rolname)
        FROM pg_roles JOIN named USING (oid)
    UNION ALL SELECT 2, format('ALTER ROLE %I LOGIN %s;', rolname, CASE WHEN rolbypassrls THEN 'BYPASSRLS' ELSE '' END)
        FROM pg_roles WHERE rolname = :'owner'
    UNION ALL SELECT 3, format('GRANT %I TO %I;', pg_get_userbyid(roleid), pg_get_userbyid(member)) FROM memberships
    UNION ALL SELECT 4, format('ALTER ROLE %I SET search_path TO %s;', rolname,
            coalesce(nullif(regexp_replace(substr(one, strpos(one, '=') + 1), '(^|, *)""(?=,|$)', '\1''''', 'g'), ''), ''''''))
        FROM pg_roles, unnest(rolconfig) AS one WHERE rolname = :'owner' AND one LIKE 'search_path=_%'
) AS lines(place, line) ORDER BY place;
SQL
}
