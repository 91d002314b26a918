-- what: a CHECK whose function reads another table: while a dump is loaded, that table may still be empty
-- made by: owner
-- 30: warning: a restore can compute what the application wrote
-- 31: failed
-- 32: refused
-- together: no: it cannot be brought back

CREATE SCHEMA zoo_lookup;
CREATE TABLE zoo_lookup.zz_countries (code text PRIMARY KEY);
CREATE FUNCTION zoo_lookup.known(text) RETURNS boolean STABLE LANGUAGE sql
    AS 'SELECT EXISTS (SELECT FROM zoo_lookup.zz_countries WHERE code = $1)';
CREATE TABLE zoo_lookup.addresses (country text CHECK (zoo_lookup.known(country)));
INSERT INTO zoo_lookup.zz_countries VALUES ('de');
INSERT INTO zoo_lookup.addresses VALUES ('de');
