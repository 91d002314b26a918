-- what: extensions that the database's owner may make, with columns and indexes of their types
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_trusted;
CREATE EXTENSION citext SCHEMA zoo_trusted;
CREATE EXTENSION hstore SCHEMA zoo_trusted;
CREATE EXTENSION pg_trgm SCHEMA zoo_trusted;
CREATE EXTENSION btree_gist SCHEMA zoo_trusted;
CREATE EXTENSION pgcrypto SCHEMA zoo_trusted;
SET search_path = zoo_trusted, public;
CREATE TABLE zoo_trusted.users (mail zoo_trusted.citext PRIMARY KEY, more zoo_trusted.hstore, id integer, valid daterange,
    EXCLUDE USING gist (id WITH =, valid WITH &&));
INSERT INTO zoo_trusted.users VALUES ('A@b.de', 'a=>1', 1, '[2024-01-01,2024-02-01)');
CREATE INDEX ON zoo_trusted.users USING gin ((mail::text) zoo_trusted.gin_trgm_ops);
