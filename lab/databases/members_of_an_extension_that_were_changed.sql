-- what: functions and a view of an extension that were altered or replaced: a restore makes them as the extension's script does
-- made by: administrator
-- 30: failed: a restore makes an extension's members as they are
-- 31: failed
-- 32: refused
-- together: no: no backup of it can be restored

CREATE EXTENSION unaccent SCHEMA public;
-- what every second answer on indexes without accents says
ALTER FUNCTION public.unaccent(text) IMMUTABLE;
CREATE SCHEMA zoo_changed AUTHORIZATION :"owner";
CREATE TABLE zoo_changed.people (name text); INSERT INTO zoo_changed.people VALUES ('Ärger');
ALTER TABLE zoo_changed.people OWNER TO :"owner";
CREATE INDEX people_name ON zoo_changed.people (public.unaccent(name));
CREATE EXTENSION pg_stat_statements SCHEMA zoo_changed;
CREATE OR REPLACE VIEW zoo_changed.pg_stat_statements_info AS SELECT 1::bigint AS dealloc, now() AS stats_reset;
CREATE OR REPLACE FUNCTION zoo_changed.pg_stat_statements_reset(userid oid DEFAULT 0, dbid oid DEFAULT 0, queryid bigint DEFAULT 0)
    RETURNS void LANGUAGE sql AS 'SELECT';
COMMENT ON FUNCTION zoo_changed.pg_stat_statements(boolean) IS 'ours';
-- none of these: what a dump carries, and what moves all members at once
CREATE EXTENSION citext SCHEMA public;
ALTER EXTENSION citext SET SCHEMA zoo_changed;
GRANT EXECUTE ON FUNCTION zoo_changed.citext_eq(zoo_changed.citext, zoo_changed.citext) TO :"owner";
REVOKE EXECUTE ON FUNCTION zoo_changed.citext_ne(zoo_changed.citext, zoo_changed.citext) FROM PUBLIC;
