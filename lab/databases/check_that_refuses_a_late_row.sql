-- what: a CHECK whose function was replaced since, and that refuses one row of thousands
-- made by: owner
-- 30: failed: a restore can compute what the application wrote
-- 31: failed
-- 32: refused
-- together: no: it cannot be brought back

CREATE SCHEMA zoo_late;
CREATE FUNCTION zoo_late.fits(integer) RETURNS boolean IMMUTABLE LANGUAGE sql RETURN true;
CREATE TABLE zoo_late.things (n integer CHECK (zoo_late.fits(n)));
INSERT INTO zoo_late.things SELECT generate_series(1, 5000);
CREATE OR REPLACE FUNCTION zoo_late.fits(integer) RETURNS boolean IMMUTABLE LANGUAGE sql RETURN $1 <> 4000;
