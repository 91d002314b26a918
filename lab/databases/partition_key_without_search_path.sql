-- what: a partition key whose function finds another by the search path
-- made by: owner
-- 30: failed: a restore can compute what the application wrote
-- 31: failed
-- 32: refused
-- together: no: it cannot be brought back

CREATE SCHEMA zoo_key_path;
CREATE FUNCTION zoo_key_path.tens(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1 / 10; END';
CREATE FUNCTION zoo_key_path.part(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN tens($1); END';
SET search_path = zoo_key_path;
CREATE TABLE things (n integer) PARTITION BY RANGE (n, part(n));
CREATE TABLE things_0 PARTITION OF things FOR VALUES FROM (0, 0) TO (100, 0);
INSERT INTO things VALUES (5);
