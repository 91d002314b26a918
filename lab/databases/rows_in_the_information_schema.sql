-- what: a table of the application in information_schema, and an unused function in pg_catalog: no dump has them
-- made by: administrator
-- 30: failed: a dump carries every object
-- 31: passed
-- 32: passed
-- together: no: nothing brings it back

CREATE TABLE information_schema.zoo_lost (id serial PRIMARY KEY, what text);
INSERT INTO information_schema.zoo_lost (what) VALUES ('a'), ('b');
CREATE FUNCTION pg_catalog.zoo_unused() RETURNS integer LANGUAGE sql AS 'SELECT 1';
