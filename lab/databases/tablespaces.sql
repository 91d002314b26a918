-- what: a table, an index and a partitioned table in a tablespace of their own
-- made by: administrator
-- 30: passed
-- 31: passed
-- 32: passed
-- together: no: it needs a folder of its own

CREATE TABLESPACE "zoo space" LOCATION :'folder';
GRANT CREATE ON TABLESPACE "zoo space" TO :"owner";
SET ROLE :"owner";
CREATE SCHEMA zoo_space;
CREATE TABLE zoo_space.things (id integer PRIMARY KEY USING INDEX TABLESPACE "zoo space", name text) TABLESPACE "zoo space";
INSERT INTO zoo_space.things VALUES (1, 'x');
CREATE TABLE zoo_space.parted (id integer) PARTITION BY HASH (id) TABLESPACE "zoo space";
CREATE INDEX ON zoo_space.things (name);
