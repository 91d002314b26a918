-- what: a materialized view whose query fails today, because the data have changed since it was filled: it comes back empty
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_stale;
CREATE TABLE zoo_stale.numbers (n integer);
INSERT INTO zoo_stale.numbers VALUES (1);
CREATE MATERIALIZED VIEW zoo_stale.inverse AS SELECT 1 / n AS x FROM zoo_stale.numbers;
INSERT INTO zoo_stale.numbers VALUES (0);
