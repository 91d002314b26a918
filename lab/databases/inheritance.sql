-- what: tables that inherit, several parents, rows in each, a column that was merged
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_inherit;
CREATE TABLE zoo_inherit.a (id integer, name text DEFAULT 'a' NOT NULL, CHECK (id > 0));
CREATE TABLE zoo_inherit.b (id integer, size integer);
CREATE TABLE zoo_inherit.ab (own text, name text DEFAULT 'child') INHERITS (zoo_inherit.a, zoo_inherit.b);
INSERT INTO zoo_inherit.a VALUES (1);
INSERT INTO zoo_inherit.b VALUES (2, 2);
INSERT INTO zoo_inherit.ab (id, own) VALUES (3, 'x');
ALTER TABLE zoo_inherit.a ADD COLUMN late integer CHECK (late < 100);
ALTER TABLE zoo_inherit.a ADD CONSTRAINT own_only CHECK (id < 50) NO INHERIT;
