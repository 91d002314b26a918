-- what: a trigger, an index, a policy, a CHECK, statistics, options, a comment and a publication that were put on a table of an extension: a restore is without them
-- made by: administrator
-- 30: warning: a restore makes an extension's members as they are
-- 31: passed
-- 32: passed
-- together: no: its files must be installed first

CREATE SCHEMA zoo_put_on;
CREATE EXTENSION zoo_configured SCHEMA zoo_put_on;
INSERT INTO zoo_put_on.settings (name, value) VALUES ('colour', 'blue');
CREATE FUNCTION zoo_put_on.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER noted BEFORE INSERT ON zoo_put_on.settings FOR EACH ROW EXECUTE FUNCTION zoo_put_on.noted();
CREATE INDEX by_value ON zoo_put_on.settings (value);
CREATE STATISTICS zoo_put_on.both ON name, value FROM zoo_put_on.settings;
ALTER TABLE zoo_put_on.settings ENABLE ROW LEVEL SECURITY, SET (fillfactor = 50), REPLICA IDENTITY FULL, ADD CONSTRAINT short CHECK (length(value) < 99);
CREATE POLICY everybody ON zoo_put_on.settings USING (true);
COMMENT ON COLUMN zoo_put_on.settings.value IS 'ours';
CREATE PUBLICATION zoo_put_on FOR TABLE zoo_put_on.settings;
-- none of these: what a dump carries
GRANT SELECT ON zoo_put_on.settings TO :"owner";
CREATE VIEW zoo_put_on.seen AS SELECT name FROM zoo_put_on.settings;
