-- what: default privileges, grants on columns, with grant option, by a grantee, and to PUBLIC
-- made by: administrator
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE ROLE zoo_reader; CREATE ROLE "Zoo Writer";
CREATE SCHEMA zoo_privileges AUTHORIZATION :"owner";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA zoo_privileges GRANT SELECT ON TABLES TO zoo_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE "Zoo Writer" GRANT ALL ON SEQUENCES TO PUBLIC;
SET ROLE :"owner";
CREATE TABLE zoo_privileges.things (id integer, secret text);
INSERT INTO zoo_privileges.things VALUES (1, 'x');
GRANT USAGE ON SCHEMA zoo_privileges TO PUBLIC;
GRANT SELECT (id), UPDATE (secret) ON zoo_privileges.things TO "Zoo Writer";
GRANT INSERT ON zoo_privileges.things TO "Zoo Writer" WITH GRANT OPTION;
RESET ROLE;
SET ROLE "Zoo Writer";
GRANT INSERT ON zoo_privileges.things TO zoo_reader;
RESET ROLE;
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
-- passed on by a role that may not use the schema any longer
CREATE SCHEMA "zoo Lent" AUTHORIZATION :"owner";
SET ROLE :"owner";
CREATE TABLE "zoo Lent".things (id integer);
GRANT USAGE ON SCHEMA "zoo Lent" TO "Zoo Writer";
GRANT SELECT ON "zoo Lent".things TO "Zoo Writer" WITH GRANT OPTION;
RESET ROLE;
SET ROLE "Zoo Writer";
GRANT SELECT ON "zoo Lent".things TO zoo_reader;
RESET ROLE;
SET ROLE :"owner";
REVOKE USAGE ON SCHEMA "zoo Lent" FROM "Zoo Writer";
RESET ROLE;
