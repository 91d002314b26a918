-- what: extended statistics, on expressions too; statistics targets, storage and options of columns, tables and indexes
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_stat;
CREATE TABLE zoo_stat.things (a integer, b integer, c text);
INSERT INTO zoo_stat.things SELECT n, n % 3, n::text FROM generate_series(1, 50) AS n;
CREATE STATISTICS zoo_stat.ab (dependencies, mcv) ON a, b FROM zoo_stat.things;
CREATE STATISTICS zoo_stat.expressions ON (a + b), lower(c) FROM zoo_stat.things;
ALTER STATISTICS zoo_stat.ab SET STATISTICS 500;
ALTER TABLE zoo_stat.things ALTER COLUMN c SET STATISTICS 700, ALTER COLUMN c SET STORAGE EXTERNAL, ALTER COLUMN a SET (n_distinct = -0.5);
ALTER TABLE zoo_stat.things SET (fillfactor = 70, autovacuum_enabled = false);
CREATE INDEX things_a ON zoo_stat.things (a, (b * 2)) WITH (fillfactor = 60);
ALTER INDEX zoo_stat.things_a ALTER COLUMN 2 SET STATISTICS 300;
ALTER TABLE zoo_stat.things CLUSTER ON things_a;
