-- what: triggers disabled, ENABLE ALWAYS and ENABLE REPLICA, constraint triggers, transition tables, arguments with odd bytes
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_triggers;
CREATE TABLE zoo_triggers.things (id integer, n integer DEFAULT 0);
CREATE FUNCTION zoo_triggers.bump() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.n := NEW.n + 1; RETURN NEW; END';
CREATE FUNCTION zoo_triggers.noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER always BEFORE INSERT ON zoo_triggers.things FOR EACH ROW EXECUTE FUNCTION zoo_triggers.bump(E'it''s\\odd', '');
CREATE TRIGGER replica BEFORE INSERT ON zoo_triggers.things FOR EACH ROW EXECUTE FUNCTION zoo_triggers.bump();
CREATE TRIGGER off BEFORE INSERT OR UPDATE OF n ON zoo_triggers.things FOR EACH ROW WHEN (NEW.n > 5) EXECUTE FUNCTION zoo_triggers.bump();
CREATE TRIGGER many AFTER UPDATE ON zoo_triggers.things REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION zoo_triggers.noop();
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON zoo_triggers.things DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION zoo_triggers.noop();
ALTER TABLE zoo_triggers.things ENABLE ALWAYS TRIGGER always, ENABLE REPLICA TRIGGER replica, DISABLE TRIGGER off;
INSERT INTO zoo_triggers.things VALUES (1);
