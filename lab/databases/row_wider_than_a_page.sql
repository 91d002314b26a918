-- what: columns added with a default, whose values no row holds: written into one they are larger than a page
-- made by: owner
-- 30: failed: a restore can compute what the application wrote
-- 31: failed
-- 32: refused
-- together: no: it cannot be brought back

CREATE SCHEMA zoo_wide;
CREATE TABLE zoo_wide.fits (id integer, name text);
INSERT INTO zoo_wide.fits VALUES (1, 'x');
SELECT 'ALTER TABLE zoo_wide.fits ' || string_agg(format('ADD c%s name DEFAULT %s', n, quote_literal(n)), ', ') FROM generate_series(1, 120) AS n \gexec
CREATE TABLE zoo_wide.things (id integer);
INSERT INTO zoo_wide.things VALUES (1);
SELECT 'ALTER TABLE zoo_wide.things ' || string_agg(format('ADD c%s name DEFAULT %s', n, quote_literal(n)), ', ') FROM generate_series(1, 140) AS n \gexec
