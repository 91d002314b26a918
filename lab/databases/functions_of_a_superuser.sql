-- what: functions that only a superuser makes: internal, LEAKPROOF, with a superuser's settings; owned by the application
-- made by: administrator
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_c AUTHORIZATION :"owner";
CREATE FUNCTION zoo_c.length(text) RETURNS integer LANGUAGE internal IMMUTABLE STRICT AS 'textlen';
CREATE FUNCTION zoo_c.quiet() RETURNS integer LANGUAGE plpgsql SET log_statement = 'none' SECURITY DEFINER AS 'BEGIN RETURN 1; END';
CREATE FUNCTION zoo_c.tight(integer) RETURNS boolean LANGUAGE plpgsql LEAKPROOF IMMUTABLE AS 'BEGIN RETURN $1 > 0; END';
CREATE PROCEDURE zoo_c.work(INOUT a integer) LANGUAGE plpgsql AS 'BEGIN a := a + 1; END';
CREATE TABLE zoo_c.things (id integer CHECK (zoo_c.tight(id)), name text, CHECK (zoo_c.length(name) < 9));
INSERT INTO zoo_c.things VALUES (1, 'short');
ALTER FUNCTION zoo_c.length(text) OWNER TO :"owner";
ALTER FUNCTION zoo_c.quiet() OWNER TO :"owner";
ALTER FUNCTION zoo_c.tight(integer) OWNER TO :"owner";
ALTER TABLE zoo_c.things OWNER TO :"owner";
