-- what: a CHECK whose function was replaced since: it refuses rows that are there
-- made by: owner
-- 30: failed: a restore can compute what the application wrote
-- 31: failed
-- 32: refused
-- together: no: it cannot be brought back

CREATE SCHEMA zoo_changed;
CREATE FUNCTION zoo_changed.fits(integer) RETURNS boolean IMMUTABLE LANGUAGE sql RETURN $1 < 100;
CREATE TABLE zoo_changed.things (n integer CHECK (zoo_changed.fits(n)));
INSERT INTO zoo_changed.things VALUES (1), (50), (NULL);
CREATE OR REPLACE FUNCTION zoo_changed.fits(integer) RETURNS boolean IMMUTABLE LANGUAGE sql RETURN $1 < 10;
