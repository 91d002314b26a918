-- what: a column of arrays of a domain whose CHECK calls a function that was replaced since, and refuses a value in one of them
-- made by: owner
-- 30: failed: a restore can compute what the application wrote
-- 31: failed
-- 32: refused
-- together: no: it cannot be brought back

CREATE SCHEMA zoo_array;
CREATE FUNCTION zoo_array.fits(integer) RETURNS boolean IMMUTABLE LANGUAGE sql RETURN true;
CREATE DOMAIN zoo_array.size AS integer CHECK (zoo_array.fits(VALUE));
CREATE TABLE zoo_array.things (sizes zoo_array.size[]);
INSERT INTO zoo_array.things VALUES ('{1,2}'), (NULL), ('{}');
CREATE OR REPLACE FUNCTION zoo_array.fits(integer) RETURNS boolean IMMUTABLE LANGUAGE sql RETURN $1 < 2;
