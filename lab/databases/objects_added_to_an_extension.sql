-- what: a table, a function and a schema of one's own that were added to an extension, whose script does not make them
-- made by: administrator
-- 30: failed: a dump carries every object
-- 31: failed
-- 32: refused
-- together: no: no backup of it can be restored

CREATE EXTENSION pg_trgm SCHEMA public;
-- its own objects are then younger in their schema than in the extension
CREATE SCHEMA zoo_moved; ALTER EXTENSION pg_trgm SET SCHEMA zoo_moved;
CREATE SCHEMA zoo_added AUTHORIZATION :"owner";
CREATE SCHEMA zoo_adopted AUTHORIZATION :"owner";
SET ROLE :"owner";
CREATE TABLE zoo_added.things (id integer); INSERT INTO zoo_added.things VALUES (1);
CREATE FUNCTION zoo_added.twice(integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 2 * $1';
CREATE TABLE zoo_added.users (n integer CHECK (zoo_added.twice(n) > 0));
RESET ROLE;
ALTER EXTENSION pg_trgm ADD TABLE zoo_added.things;
ALTER EXTENSION pg_trgm ADD FUNCTION zoo_added.twice(integer);
ALTER EXTENSION pg_trgm ADD SCHEMA zoo_adopted;
