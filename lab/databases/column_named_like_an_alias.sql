-- what: columns named t, one, rows, oid and count: a query's own names must not win or lose against them
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_alias;
CREATE TABLE zoo_alias.first (t text, secret text);
INSERT INTO zoo_alias.first VALUES ('same', 'one'), ('same', 'two');
CREATE TABLE zoo_alias.t (t integer, one integer, "rows" integer, "oid" integer, "count" integer, "table" text);
INSERT INTO zoo_alias.t VALUES (1, 2, 3, 4, 5, 'six');
CREATE TABLE zoo_alias.no_columns ();
INSERT INTO zoo_alias.no_columns DEFAULT VALUES;
