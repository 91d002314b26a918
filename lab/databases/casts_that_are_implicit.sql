-- what: implicit casts to text and from it, as applications older than PostgreSQL 8.3 need them: they make `text || bigint` ambiguous
-- made by: administrator
-- 30: passed
-- 31: passed
-- 32: passed
-- together: no: they change what every query means

SELECT format('CREATE CAST (%s AS text) WITH INOUT AS IMPLICIT', one)
    FROM unnest('{smallint,integer,bigint,oid,date,time,timestamp,timestamptz,interval,numeric,real,double precision,json,jsonb,uuid,regclass,regtype,xid,tid}'::text[]) AS one \gexec
SELECT format('CREATE CAST (text AS %s) WITH INOUT AS IMPLICIT', one) FROM unnest('{integer,uuid,json,date}'::text[]) AS one \gexec
CREATE SCHEMA zoo_implicit AUTHORIZATION :"owner";
SET ROLE :"owner";
CREATE FUNCTION zoo_implicit.size(text) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN length($1); END';
CREATE TABLE zoo_implicit.things (id bigint PRIMARY KEY, word text CHECK (zoo_implicit.size(word) > 0), EXCLUDE USING btree (zoo_implicit.size(word) WITH =));
INSERT INTO zoo_implicit.things VALUES (1, 'a'), (2, 'bb');
CREATE TABLE zoo_implicit.parts (id bigint REFERENCES zoo_implicit.things) PARTITION BY LIST (id);
CREATE TABLE zoo_implicit.part PARTITION OF zoo_implicit.parts FOR VALUES IN (1);
INSERT INTO zoo_implicit.parts VALUES (1);
CREATE VIEW zoo_implicit.view AS SELECT id FROM zoo_implicit.things WHERE id::integer::text = '1';
