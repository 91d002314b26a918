-- what: a CHECK whose function finds another by the search path, which is empty while a dump is loaded
-- made by: owner
-- 30: failed: a restore can compute what the application wrote
-- 31: failed
-- 32: refused
-- together: no: it cannot be brought back

CREATE SCHEMA zoo_path;
CREATE FUNCTION zoo_path.limit_of() RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 10';
CREATE FUNCTION zoo_path.small(integer) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1 < limit_of(); END';
SET search_path = zoo_path;
CREATE TABLE numbers (n integer CHECK (small(n)));
INSERT INTO numbers VALUES (1);
