-- what: the schema public under another name, and a new one in its place, as those do who exchange two versions of their data
-- made by: administrator
-- 30: failed: the schema public has its own name
-- 31: failed
-- 32: refused
-- together: no: no backup of it can be restored

ALTER SCHEMA public RENAME TO zoo_public;
CREATE SCHEMA public AUTHORIZATION :"owner";
CREATE TABLE zoo_public.things (id integer);
ALTER TABLE zoo_public.things OWNER TO :"owner";
