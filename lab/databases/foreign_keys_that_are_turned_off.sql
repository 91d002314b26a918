-- what: foreign keys whose triggers are turned off: a restored database enforces them
-- made by: administrator
-- 30: warning: every foreign key is enforced
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_off AUTHORIZATION :"owner";
CREATE TABLE zoo_off.parents (id integer PRIMARY KEY);
CREATE TABLE zoo_off.children (id integer REFERENCES zoo_off.parents);
INSERT INTO zoo_off.parents VALUES (1);
INSERT INTO zoo_off.children VALUES (1);
ALTER TABLE zoo_off.children DISABLE TRIGGER ALL;
ALTER TABLE zoo_off.parents OWNER TO :"owner";
ALTER TABLE zoo_off.children OWNER TO :"owner";
