-- what: a key that was added to a table of an extension, and a foreign key of one's own to it: a restore ends there
-- made by: administrator
-- 30: failed: a restore makes an extension's members as they are
-- 31: failed
-- 32: refused
-- together: no: no backup of it can be restored

CREATE SCHEMA zoo_keyed;
CREATE EXTENSION zoo_configured SCHEMA zoo_keyed;
ALTER TABLE zoo_keyed.settings ADD CONSTRAINT by_value UNIQUE (value);
INSERT INTO zoo_keyed.settings (name, value) VALUES ('colour', 'blue');
CREATE TABLE zoo_keyed.uses (value text REFERENCES zoo_keyed.settings (value));
INSERT INTO zoo_keyed.uses VALUES ('blue');
