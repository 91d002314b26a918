-- what: a validated foreign key with rows that refer to none, written while triggers were off
-- made by: administrator
-- 30: failed: a restore can add every foreign key again
-- 31: failed
-- 32: refused
-- together: no: it cannot be brought back

CREATE SCHEMA zoo_orphans AUTHORIZATION :"owner";
SET ROLE :"owner";
CREATE TABLE zoo_orphans.parents (a bigint, b varchar, PRIMARY KEY (b, a)) PARTITION BY LIST (a);
CREATE TABLE zoo_orphans.parents_1 PARTITION OF zoo_orphans.parents FOR VALUES IN (1);
CREATE TABLE zoo_orphans."Children" ("A a" integer, "b;" text, FOREIGN KEY ("b;", "A a") REFERENCES zoo_orphans.parents (b, a));
INSERT INTO zoo_orphans.parents VALUES (1, 'x');
INSERT INTO zoo_orphans."Children" VALUES (1, 'x'), (NULL, 'y');
RESET ROLE;
SET session_replication_role = replica;
INSERT INTO zoo_orphans."Children" VALUES (1, 'y');
