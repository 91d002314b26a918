-- what: a row that is larger than 1 GB as text: pg_dump cannot write it, and 30 says so
-- made by: owner
-- 30: failed: backup-dump
-- 31: not run
-- 32: not run
-- together: no: it cannot be dumped

CREATE SCHEMA zoo_too_large;
CREATE TABLE zoo_too_large.files (a bytea, b bytea, c bytea);
INSERT INTO zoo_too_large.files SELECT decode(repeat('00', 180000000), 'hex'), decode(repeat('00', 180000000), 'hex'), decode(repeat('00', 180000000), 'hex');
