-- what: a default of a column that names an index, which is made after it
-- made by: owner
-- 30: failed: a restore can make every default
-- 31: failed
-- 32: refused
-- together: no: no backup of it can be restored

CREATE SCHEMA zoo_defaults;
CREATE TABLE zoo_defaults.things (id integer PRIMARY KEY, what regclass);
ALTER TABLE zoo_defaults.things ALTER what SET DEFAULT 'zoo_defaults.things_pkey'::regclass;
-- good ones: what is made before
CREATE SEQUENCE zoo_defaults.numbers;
CREATE TABLE zoo_defaults.good (n integer DEFAULT nextval('zoo_defaults.numbers'), what regclass DEFAULT 'zoo_defaults.things'::regclass);
