-- what: a CHECK that compares the table's number, which is another one after a restore; and one by its name
-- made by: owner
-- 30: warning: no CHECK names a table by its number
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_number;
CREATE TABLE zoo_number.things (id integer, CONSTRAINT not_one CHECK (tableoid <> 1));
CREATE TABLE zoo_number.good (id integer);
ALTER TABLE zoo_number.good ADD CHECK (tableoid = 'zoo_number.good'::regclass);
INSERT INTO zoo_number.things VALUES (1);
INSERT INTO zoo_number.good VALUES (1);
