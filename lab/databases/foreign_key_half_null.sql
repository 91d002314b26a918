-- what: a foreign key MATCH FULL with a row that has one of its two values, written while triggers were off
-- made by: administrator
-- 30: failed: a restore can add every foreign key again
-- 31: failed
-- 32: refused
-- together: no: it cannot be brought back

CREATE SCHEMA zoo_full AUTHORIZATION :"owner";
SET ROLE :"owner";
CREATE TABLE zoo_full.parents (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE zoo_full.children (a integer, b integer, FOREIGN KEY (a, b) REFERENCES zoo_full.parents MATCH FULL DEFERRABLE INITIALLY DEFERRED);
INSERT INTO zoo_full.parents VALUES (1, 1);
INSERT INTO zoo_full.children VALUES (1, 1), (NULL, NULL);
RESET ROLE;
SET session_replication_role = replica;
INSERT INTO zoo_full.children VALUES (NULL, 7);
