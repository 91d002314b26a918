-- what: operator classes whose functions say something else than when the rows were written, below a unique index and the key of hash partitions
-- made by: administrator
-- 30: failed: a restore can compute what the application wrote
-- 31: failed
-- 32: refused
-- together: no: no backup of it can be restored

CREATE SCHEMA zoo_sorting AUTHORIZATION :"owner";
CREATE FUNCTION zoo_sorting.compare(integer, integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN sign($1 - $2); END';
CREATE OPERATOR CLASS zoo_sorting.ops FOR TYPE integer USING btree AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 zoo_sorting.compare(integer, integer);
CREATE FUNCTION zoo_sorting.hash(integer, bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1; END';
CREATE OPERATOR CLASS zoo_sorting.hashing FOR TYPE integer USING hash AS OPERATOR 1 =, FUNCTION 2 zoo_sorting.hash(integer, bigint);
SET ROLE :"owner";
-- good ones first: below a condition, next to another column of an odd name, rows of NULL
CREATE TABLE zoo_sorting.good (n integer, "runbook's %s" text, gone boolean DEFAULT false);
CREATE UNIQUE INDEX good_both ON zoo_sorting.good (n zoo_sorting.ops, "runbook's %s" COLLATE "C") WHERE NOT gone;
INSERT INTO zoo_sorting.good VALUES (-1, 'a'), (1, 'b'), (NULL, 'a'), (NULL, 'a'), (2, NULL), (-2, NULL);
INSERT INTO zoo_sorting.good VALUES (-3, 'c', true), (3, 'c', true);
CREATE TABLE zoo_sorting.numbers (n integer);
CREATE UNIQUE INDEX by_own_order ON zoo_sorting.numbers (n zoo_sorting.ops);
INSERT INTO zoo_sorting.numbers VALUES (-3), (3), (1);
CREATE TABLE zoo_sorting.divided (n integer) PARTITION BY HASH (n zoo_sorting.hashing);
CREATE TABLE zoo_sorting.divided_0 PARTITION OF zoo_sorting.divided FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE zoo_sorting.divided_1 PARTITION OF zoo_sorting.divided FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO zoo_sorting.divided SELECT generate_series(1, 9);
RESET ROLE;
CREATE OR REPLACE FUNCTION zoo_sorting.compare(integer, integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN sign(abs($1) - abs($2)); END';
CREATE OR REPLACE FUNCTION zoo_sorting.hash(integer, bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1 + 1; END';
