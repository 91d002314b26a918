-- what: thousands of tables with keys, indexes and sequences: one transaction would need more locks than there are
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: no: it takes its time

CREATE SCHEMA zoo_many;
SELECT format('CREATE TABLE zoo_many.t%s (id serial PRIMARY KEY, parent integer, name text UNIQUE)', n) FROM generate_series(1, :tables) AS n \gexec
SELECT format('INSERT INTO zoo_many.t%s (name) VALUES (%L)', n, n) FROM generate_series(1, :tables) AS n \gexec
