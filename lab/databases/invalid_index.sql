-- what: a unique index that a failed CREATE INDEX CONCURRENTLY left invalid: a dump leaves it out
-- made by: administrator
-- 30: warning: every index is valid
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_invalid AUTHORIZATION :"owner";
CREATE TABLE zoo_invalid.things (id integer);
INSERT INTO zoo_invalid.things VALUES (1), (1);
CREATE INDEX broken ON zoo_invalid.things (id);
ALTER TABLE zoo_invalid.things OWNER TO :"owner";
-- as a failed CREATE UNIQUE INDEX CONCURRENTLY leaves it
UPDATE pg_index SET indisvalid = false, indisunique = true WHERE indexrelid = 'zoo_invalid.broken'::regclass;
