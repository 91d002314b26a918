-- what: exclusion constraints by a function, and by an operator, of the application that say something else than when the rows were written
-- made by: owner
-- 30: failed: a restore can compute what the application wrote
-- 31: failed
-- 32: refused
-- together: no: no backup of it can be restored

CREATE SCHEMA zoo_excluding;
CREATE FUNCTION zoo_excluding.size(text) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN length($1); END';
CREATE FUNCTION zoo_excluding.same(integer, integer) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1 = $2; END';
-- good ones first: with a condition, a column of an odd name, rows of NULL
CREATE TABLE zoo_excluding.good ("runbook's %s" text, gone boolean NOT NULL DEFAULT false,
    EXCLUDE USING btree (zoo_excluding.size("runbook's %s") WITH =, ("runbook's %s" COLLATE "C") WITH =) WHERE (NOT gone));
INSERT INTO zoo_excluding.good VALUES ('a'), ('bb'), (NULL), (NULL);
INSERT INTO zoo_excluding.good VALUES ('a', true), ('a', true);
CREATE TABLE zoo_excluding.words (word text, CONSTRAINT "one each" EXCLUDE USING hash (zoo_excluding.size(word) WITH =));
INSERT INTO zoo_excluding.words VALUES ('a'), ('bb');
CREATE OR REPLACE FUNCTION zoo_excluding.size(text) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN 60; END';
