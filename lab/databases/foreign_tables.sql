-- what: foreign servers, a user mapping and foreign tables; nothing answers there
-- made by: administrator
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE EXTENSION IF NOT EXISTS postgres_fdw;
CREATE SERVER "zoo server" FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '192.0.2.1', dbname 'other', connect_timeout '2');
CREATE USER MAPPING FOR :"owner" SERVER "zoo server" OPTIONS (user 'someone', password_required 'false');
GRANT USAGE ON FOREIGN SERVER "zoo server" TO :"owner";
SET ROLE :"owner";
CREATE SCHEMA zoo_foreign;
CREATE FOREIGN TABLE zoo_foreign.far (id integer OPTIONS (column_name 'ident') NOT NULL, name text) SERVER "zoo server" OPTIONS (table_name 'far');
CREATE TABLE zoo_foreign.events (at date, what text) PARTITION BY RANGE (at);
CREATE TABLE zoo_foreign.near PARTITION OF zoo_foreign.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE FOREIGN TABLE zoo_foreign.old PARTITION OF zoo_foreign.events FOR VALUES FROM ('2023-01-01') TO ('2024-01-01') SERVER "zoo server";
INSERT INTO zoo_foreign.near VALUES ('2024-05-05', 'here');
CREATE VIEW zoo_foreign.view_of_far AS SELECT id FROM zoo_foreign.far;
