-- what: an extension of one's own with a configuration table and sequence, whose rows are part of the dump
-- made by: administrator
-- 30: passed
-- 31: passed
-- 32: passed
-- together: no: its files must be installed first

CREATE SCHEMA zoo_configured;
CREATE EXTENSION zoo_configured SCHEMA zoo_configured;
INSERT INTO zoo_configured.settings (name, value) VALUES ('colour', 'blue'), ('user''s', E'a\tb');
INSERT INTO zoo_configured.settings (name, value, shipped) VALUES ('not dumped', 'x', true);
CREATE TABLE zoo_configured.used (id integer DEFAULT nextval('zoo_configured.settings_id_seq'));
-- its table belongs to who made the extension, and a key of others' refers to it
CREATE TABLE zoo_configured.refers (name text REFERENCES zoo_configured.settings (name));
INSERT INTO zoo_configured.refers VALUES ('colour');
