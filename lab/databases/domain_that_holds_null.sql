-- what: NULL in a column whose domain allows none, as a query without a row puts it there
-- made by: owner
-- 30: failed: a restore can compute what the application wrote
-- 31: failed
-- 32: refused
-- together: no: it cannot be brought back

CREATE SCHEMA zoo_null;
CREATE DOMAIN zoo_null.size AS integer NOT NULL;
CREATE DOMAIN zoo_null.small AS zoo_null.size CHECK (VALUE < 100);
CREATE TABLE zoo_null.things (id integer, size zoo_null.small);
INSERT INTO zoo_null.things VALUES (1, 5);
INSERT INTO zoo_null.things (id, size) VALUES (2, (SELECT size FROM zoo_null.things WHERE false));
