-- what: a NOT VALID foreign key with old orphans, a NOT VALID check with old rows that break it
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_not_valid;
CREATE TABLE zoo_not_valid.parents (id integer PRIMARY KEY);
CREATE TABLE zoo_not_valid.children (parent integer, size integer);
INSERT INTO zoo_not_valid.parents VALUES (1);
INSERT INTO zoo_not_valid.children VALUES (1, 1), (99, -5);
ALTER TABLE zoo_not_valid.children ADD FOREIGN KEY (parent) REFERENCES zoo_not_valid.parents NOT VALID;
ALTER TABLE zoo_not_valid.children ADD CONSTRAINT positive CHECK (size > 0) NOT VALID;
