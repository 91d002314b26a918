-- what: functions that say something else than when the rows were written, below a partition key, a unique index and a generated column
-- made by: owner
-- 30: failed: a restore can compute what the application wrote
-- 31: failed
-- 32: refused
-- together: no: no backup of it can be restored

CREATE SCHEMA zoo_redefined;
CREATE FUNCTION zoo_redefined.size(text) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN length($1); END';
CREATE TABLE zoo_redefined.parted (word text) PARTITION BY RANGE (zoo_redefined.size(word));
CREATE TABLE zoo_redefined.short PARTITION OF zoo_redefined.parted FOR VALUES FROM (0) TO (10);
CREATE TABLE zoo_redefined.long PARTITION OF zoo_redefined.parted FOR VALUES FROM (10) TO (100);
INSERT INTO zoo_redefined.parted VALUES ('a'), (repeat('a', 15));
CREATE TABLE zoo_redefined.keys (word text);
CREATE UNIQUE INDEX by_size ON zoo_redefined.keys (zoo_redefined.size(word));
INSERT INTO zoo_redefined.keys VALUES ('a'), ('bb');
CREATE TABLE zoo_redefined.computed (word text, size integer GENERATED ALWAYS AS (zoo_redefined.size(word)) STORED CHECK (size < 50));
INSERT INTO zoo_redefined.computed VALUES ('a');
CREATE OR REPLACE FUNCTION zoo_redefined.size(text) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN 60; END';
