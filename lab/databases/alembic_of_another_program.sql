-- what: a table alembic_version that is none of Alembic's: its version is a number
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_other_program;
CREATE TABLE zoo_other_program.alembic_version (version_num integer);
INSERT INTO zoo_other_program.alembic_version VALUES (3);
