-- what: an index by a function of an extension that finds others by the search path, as those of earthdistance did before PostgreSQL 16
-- made by: administrator
-- 30: failed: a restore can compute what the application wrote
-- 31: failed
-- 32: refused
-- together: no: no backup of it can be restored

CREATE SCHEMA zoo_earth AUTHORIZATION :"owner";
CREATE EXTENSION cube SCHEMA zoo_earth;
CREATE EXTENSION earthdistance SCHEMA zoo_earth;
SET search_path = zoo_earth;
CREATE TABLE places (name text, latitude float8, longitude float8);
INSERT INTO places VALUES ('here', 52.5, 13.4);
CREATE INDEX places_near ON places USING gist (ll_to_earth(latitude, longitude));
ALTER TABLE places OWNER TO :"owner";
