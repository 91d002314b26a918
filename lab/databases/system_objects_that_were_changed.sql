-- what: PostgreSQL's own functions and text search configuration, altered by hand; an index rests on one of them
-- made by: administrator
-- 30: failed: PostgreSQL's own objects are as it made them
-- 31: failed
-- 32: refused
-- together: no: no backup of it can be restored

-- what an answer on indexes over the text of a time says
ALTER FUNCTION pg_catalog.to_char(timestamptz, text) IMMUTABLE;
CREATE SCHEMA zoo_own AUTHORIZATION :"owner";
CREATE TABLE zoo_own.events (at timestamptz);
CREATE INDEX by_month ON zoo_own.events (to_char(at, 'YYYY-MM'));
ALTER TABLE zoo_own.events OWNER TO :"owner";
CREATE OR REPLACE FUNCTION pg_catalog.pg_size_pretty(bigint) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1::text';
CREATE TEXT SEARCH DICTIONARY zoo_own.plain (TEMPLATE = pg_catalog.simple, STOPWORDS = english);
ALTER TEXT SEARCH CONFIGURATION pg_catalog.english ALTER MAPPING FOR asciiword WITH zoo_own.plain;
-- none of these: what a dump carries
REVOKE EXECUTE ON FUNCTION pg_catalog.lo_create(oid) FROM PUBLIC;
GRANT SELECT ON pg_catalog.pg_authid TO :"owner";
