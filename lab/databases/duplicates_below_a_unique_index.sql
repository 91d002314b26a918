-- what: values that stand twice below a unique index, as a newer C library or a crash leaves them
-- made by: administrator
-- 30: failed: a restore can make every unique index again
-- 31: failed
-- 32: refused
-- together: no: it cannot be brought back

CREATE SCHEMA zoo_twice AUTHORIZATION :"owner";
SET ROLE :"owner";
CREATE TABLE zoo_twice."Logins" ("E-mail" text, gone boolean NOT NULL DEFAULT false);
CREATE UNIQUE INDEX "it's once" ON zoo_twice."Logins" (lower("E-mail")) WHERE NOT gone;
CREATE TABLE zoo_twice.good (a integer UNIQUE, b text COLLATE "C", UNIQUE (b, a));
INSERT INTO zoo_twice.good VALUES (NULL, 'x'), (NULL, 'x'), (1, 'x');
INSERT INTO zoo_twice."Logins" VALUES ('a@b.example'), (NULL), (NULL);
INSERT INTO zoo_twice."Logins" VALUES ('A@b.example', true), ('a@B.example', true);
RESET ROLE;
-- rows that are written now pass the index by
UPDATE pg_index SET indisready = false WHERE indexrelid = 'zoo_twice."it''s once"'::regclass;
INSERT INTO zoo_twice."Logins" VALUES ('a@B.example');
UPDATE pg_index SET indisready = true WHERE indexrelid = 'zoo_twice."it''s once"'::regclass;
