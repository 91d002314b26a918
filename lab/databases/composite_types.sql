-- what: composite types in columns, nested, in views and as a table's type
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_composite;
CREATE TYPE zoo_composite.inner_type AS (a integer, b text COLLATE "C");
CREATE TYPE zoo_composite.outer_type AS (one zoo_composite.inner_type, many zoo_composite.inner_type[]);
CREATE TABLE zoo_composite.things (id integer, value zoo_composite.outer_type);
INSERT INTO zoo_composite.things VALUES (1, ROW(ROW(1, 'a"b'), ARRAY[ROW(2, '(c)')::zoo_composite.inner_type]));
CREATE TABLE zoo_composite.typed OF zoo_composite.inner_type (PRIMARY KEY (a));
INSERT INTO zoo_composite.typed VALUES (1, 'x');
CREATE TABLE zoo_composite.rows_of (row_of zoo_composite.typed);
INSERT INTO zoo_composite.rows_of SELECT t FROM zoo_composite.typed t;
CREATE VIEW zoo_composite.parts AS SELECT (value).one, ((value).many)[1] AS first FROM zoo_composite.things;
