-- what: rows that exclude each other below an exclusion constraint whose index was damaged; others that do not, with a condition
-- made by: administrator
-- 30: failed: a restore can make every unique index again
-- 31: failed
-- 32: refused
-- together: no: it cannot be brought back

CREATE SCHEMA zoo_excluded AUTHORIZATION :"owner";
SET ROLE :"owner";
CREATE TABLE zoo_excluded.good (a integer, "B b" text, gone boolean,
    EXCLUDE USING btree (a WITH =, (lower("B b")) WITH =) WHERE (NOT gone) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO zoo_excluded.good VALUES (1, 'x', false), (1, 'X', true), (2, 'x', false), (NULL, 'x', false), (NULL, 'x', false);
CREATE TABLE zoo_excluded.bookings (room integer, span int4range, CONSTRAINT "not twice" EXCLUDE USING gist (span WITH &&));
INSERT INTO zoo_excluded.bookings VALUES (1, '[1,5)');
RESET ROLE;
-- rows that are written now pass the index by
UPDATE pg_index SET indisready = false WHERE indexrelid = 'zoo_excluded."not twice"'::regclass;
INSERT INTO zoo_excluded.bookings VALUES (2, '[2,3)');
UPDATE pg_index SET indisready = true WHERE indexrelid = 'zoo_excluded."not twice"'::regclass;
