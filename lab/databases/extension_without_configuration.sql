-- what: rows of users in a table of an extension that never named it as its configuration: no dump carries them
-- made by: administrator
-- 30: warning: a dump carries every row of the extensions' tables
-- 31: passed
-- 32: passed
-- together: no: its files must be installed first

CREATE SCHEMA zoo_plain;
CREATE EXTENSION zoo_plain SCHEMA zoo_plain;
GRANT USAGE ON SCHEMA zoo_plain TO PUBLIC;
INSERT INTO zoo_plain.notes (body) VALUES ('one'), ('two'), ('three');
INSERT INTO zoo_plain.hidden VALUES ('x');
VACUUM FREEZE;
