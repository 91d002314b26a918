-- what: schemas, tables, functions, types and views of other roles, in schemas where these may create nothing
-- made by: administrator
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE ROLE zoo_auditor; CREATE ROLE "Zoo Admin" NOLOGIN;
CREATE SCHEMA zoo_others AUTHORIZATION zoo_auditor;
CREATE SCHEMA zoo_mixed AUTHORIZATION :"owner";
CREATE TABLE zoo_others.log (id bigserial PRIMARY KEY, what text);
CREATE TYPE zoo_others.kind AS ENUM ('a', 'b');
CREATE FUNCTION zoo_others.f() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
CREATE TABLE zoo_mixed.log (kind zoo_others.kind, entry bigint REFERENCES zoo_others.log);
CREATE VIEW zoo_mixed.v AS SELECT * FROM zoo_others.log;
CREATE TABLE zoo_mixed.of_superuser (x integer);
CREATE FUNCTION zoo_mixed.of_superuser() RETURNS name LANGUAGE sql SECURITY DEFINER AS 'SELECT current_user';
INSERT INTO zoo_others.log (what) VALUES ('x');
INSERT INTO zoo_mixed.log VALUES ('a', 1);
INSERT INTO zoo_mixed.of_superuser VALUES (1);
ALTER TABLE zoo_others.log OWNER TO zoo_auditor;
ALTER TYPE zoo_others.kind OWNER TO zoo_auditor;
ALTER FUNCTION zoo_others.f() OWNER TO zoo_auditor;
ALTER TABLE zoo_mixed.log OWNER TO "Zoo Admin";
ALTER VIEW zoo_mixed.v OWNER TO zoo_auditor;
