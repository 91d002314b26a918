-- what: an event trigger whose function is the application's: it must not run with a superuser's rights in a restore
-- made by: administrator
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_events AUTHORIZATION :"owner";
CREATE TABLE zoo_events.seen (who name, tag text, is_superuser text);
CREATE FUNCTION zoo_events.record() RETURNS event_trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO zoo_events.seen VALUES (current_user, tg_tag, current_setting(''is_superuser'')); END';
ALTER TABLE zoo_events.seen OWNER TO :"owner";
ALTER FUNCTION zoo_events.record() OWNER TO :"owner";
CREATE EVENT TRIGGER zoo_events_record ON ddl_command_end WHEN TAG IN ('COMMENT', 'GRANT', 'ALTER TABLE', 'DROP OWNED') EXECUTE FUNCTION zoo_events.record();
ALTER EVENT TRIGGER zoo_events_record ENABLE ALWAYS;
CREATE EVENT TRIGGER zoo_events_disabled ON sql_drop EXECUTE FUNCTION zoo_events.record();
ALTER EVENT TRIGGER zoo_events_disabled DISABLE;
COMMENT ON EVENT TRIGGER zoo_events_record IS 'records who changes the schema';
