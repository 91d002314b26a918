-- what: a CHECK that was true when the row was written, and is no longer
-- made by: owner
-- 30: failed: a restore can compute what the application wrote
-- 31: failed
-- 32: refused
-- together: no: it cannot be brought back

CREATE SCHEMA zoo_clock;
CREATE TABLE zoo_clock.offers (id integer PRIMARY KEY, until timestamptz CHECK (until > now()));
INSERT INTO zoo_clock.offers VALUES (1, now() + interval '1 day'), (2, now() + interval '20 milliseconds');
SELECT pg_sleep(0.1);
