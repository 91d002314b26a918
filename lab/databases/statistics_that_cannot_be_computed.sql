-- what: statistics over an expression whose function fails today, with an empty search path anyway: no ANALYZE of that table ever ends
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_unanalyzed;
CREATE FUNCTION zoo_unanalyzed.limit_of() RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 10';
CREATE FUNCTION zoo_unanalyzed.small(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1 - limit_of(); END';
CREATE TABLE zoo_unanalyzed."it's numbers" (n integer, m integer);
INSERT INTO zoo_unanalyzed."it's numbers" SELECT n, n FROM generate_series(1, 20) AS n;
CREATE STATISTICS zoo_unanalyzed.failing ON (zoo_unanalyzed.small(n)), m FROM zoo_unanalyzed."it's numbers";
CREATE TABLE zoo_unanalyzed.zz_others AS SELECT generate_series(1, 20) AS n;
