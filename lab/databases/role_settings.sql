-- what: timeouts and a search path on the role that owns the database, and on the database for every role: what takes longer must work all the same
-- made by: administrator
-- 30: passed
-- 31: passed
-- 32: passed
-- together: no: it changes the application's own role

ALTER ROLE :"owner" SET statement_timeout = '300ms';
ALTER ROLE :"owner" SET idle_in_transaction_session_timeout = '300ms';
ALTER ROLE :"owner" SET lock_timeout = '100ms';
ALTER ROLE :"owner" SET search_path = '', nowhere, '';
-- a superuser, whom the backup comes as where one lets us in, has those of the database
ALTER DATABASE :"database" SET statement_timeout = '300ms';
ALTER DATABASE :"database" SET idle_in_transaction_session_timeout = '50ms';
ALTER DATABASE :"database" SET lock_timeout = '100ms';
CREATE SCHEMA zoo_slow AUTHORIZATION :"owner";
CREATE FUNCTION zoo_slow.check_it(integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM pg_sleep(0.01); RETURN true; END';
CREATE TABLE zoo_slow.things (n integer CHECK (zoo_slow.check_it(n)));
INSERT INTO zoo_slow.things SELECT generate_series(1, 50);
ALTER TABLE zoo_slow.things OWNER TO :"owner";
ALTER FUNCTION zoo_slow.check_it(integer) OWNER TO :"owner";
