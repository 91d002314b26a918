-- what: a domain whose CHECK calls a function that finds another by the search path
-- made by: owner
-- 30: failed: a restore can compute what the application wrote
-- 31: failed
-- 32: refused
-- together: no: it cannot be brought back

CREATE SCHEMA zoo_domain_path;
CREATE FUNCTION zoo_domain_path.known(text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION zoo_domain_path.fits(text) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN known($1); END';
SET search_path = zoo_domain_path;
CREATE DOMAIN code AS text CHECK (fits(VALUE));
CREATE DOMAIN short_code AS code CHECK (length(VALUE) < 9);
CREATE TABLE things (code short_code);
INSERT INTO things VALUES ('a');
