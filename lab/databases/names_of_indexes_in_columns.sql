-- what: a column of type regclass that names an index, which is made after the rows are loaded; and tables, which are there
-- made by: owner
-- 30: failed: a restore can compute what the application wrote
-- 31: failed
-- 32: refused
-- together: no: it cannot be brought back

CREATE SCHEMA zoo_regclass;
CREATE TABLE zoo_regclass.good (id integer, what regclass);
INSERT INTO zoo_regclass.good VALUES (1, 'zoo_regclass.good'), (2, NULL), (3, 'pg_class');
CREATE TABLE zoo_regclass.things (id integer PRIMARY KEY, what regclass);
INSERT INTO zoo_regclass.things VALUES (1, 'zoo_regclass.things_pkey');
