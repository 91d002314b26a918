-- what: functions, operators and the function of a cast that were made in pg_catalog, so that every search path finds them: pg_dump takes them for PostgreSQL's own
-- made by: administrator
-- 30: failed: a dump carries every object
-- 31: failed
-- 32: refused
-- together: no: no backup of it can be restored

CREATE SCHEMA zoo_system AUTHORIZATION :"owner";
CREATE FUNCTION pg_catalog.zoo_now() RETURNS timestamptz STABLE LANGUAGE sql AS 'SELECT now()';
CREATE FUNCTION zoo_system.both(text, integer) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1';
CREATE OPERATOR pg_catalog.||| (LEFTARG = text, RIGHTARG = integer, FUNCTION = zoo_system.both);
-- as ever since PostgreSQL 8.3: the cast is in a dump, its function is not
CREATE FUNCTION pg_catalog.text(integer) RETURNS text STRICT IMMUTABLE LANGUAGE sql AS 'SELECT textin(int4out($1))';
CREATE CAST (integer AS text) WITH FUNCTION pg_catalog.text(integer) AS IMPLICIT;
SET ROLE :"owner";
CREATE TABLE zoo_system.things (made timestamptz DEFAULT pg_catalog.zoo_now(), n integer);
CREATE VIEW zoo_system.words AS SELECT 'a'::text ||| n AS word FROM zoo_system.things;
