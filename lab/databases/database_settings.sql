-- what: settings of the database itself: connection limit, SET for all and for one role, privileges, comment, template
-- made by: administrator
-- 30: passed
-- 31: passed
-- 32: passed
-- together: no: it changes the application's own database

CREATE ROLE zoo_guest; CREATE ROLE zoo_granter;
ALTER DATABASE :"database" CONNECTION LIMIT 42;
ALTER DATABASE :"database" SET timezone = 'Europe/Berlin';
ALTER DATABASE :"database" SET search_path = "$user", public, "odd schema";
ALTER DATABASE :"database" SET my.application = 'it''s; "quoted"';
ALTER ROLE :"owner" IN DATABASE :"database" SET work_mem = '8MB';
ALTER ROLE zoo_guest IN DATABASE :"database" SET statement_timeout = '5s';
-- stored as a list of one empty name
ALTER ROLE zoo_guest IN DATABASE :"database" SET search_path = '';
ALTER DATABASE :"database" SET temp_tablespaces = '';
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO zoo_granter WITH GRANT OPTION;
SET ROLE zoo_granter; GRANT CONNECT ON DATABASE :"database" TO zoo_guest; RESET ROLE;
GRANT TEMPORARY ON DATABASE :"database" TO zoo_guest;
COMMENT ON DATABASE :"database" IS 'the shop''s; since 2019';
ALTER DATABASE :"database" IS_TEMPLATE true;
CREATE TABLE zoo_settings (id integer PRIMARY KEY);
