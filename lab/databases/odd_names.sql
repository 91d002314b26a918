-- what: names with quotes, spaces, brackets, dots, umlauts, backslashes, percent signs, reserved words, 63 bytes
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA "zoo odd ""names""";
SET search_path = "zoo odd ""names""";
CREATE TABLE "select" ("from" integer PRIMARY KEY, "Größe (cm)" text DEFAULT 'x', "a.b" integer, "c;d" integer);
INSERT INTO "select" VALUES (1, E'ä\nö', 2, 3);
CREATE TABLE "table (with) ""brackets""" ("1st" integer, " leading" text, "100%" text, "$dollar$" text);
INSERT INTO "table (with) ""brackets""" VALUES (1, 'x', '50%', '$$');
CREATE TABLE "back\slash" ("tab	inside" integer);
INSERT INTO "back\slash" VALUES (1);
CREATE TABLE "ÄÖÜ-ß-漢字-🙂" (id integer);
INSERT INTO "ÄÖÜ-ß-漢字-🙂" VALUES (1);
CREATE TABLE "t FROM stdin;" (x integer);
INSERT INTO "t FROM stdin;" VALUES (1);
CREATE TABLE "a23456789012345678901234567890123456789012345678901234567_last3" (x integer);
CREATE TABLE "it's -- a comment /* here" (x integer);
INSERT INTO "it's -- a comment /* here" VALUES (4);
CREATE TABLE "Mixed.Case" ("Id" serial PRIMARY KEY);
INSERT INTO "Mixed.Case" DEFAULT VALUES;
CREATE FUNCTION "f; DROP TABLE x"("select" integer) RETURNS integer LANGUAGE sql AS 'SELECT $1';
CREATE INDEX "an index; really" ON "select" ("a.b");
CREATE SEQUENCE "seq ""q""";
CREATE TABLE "two
lines" ("first
second" integer);
INSERT INTO "two
lines" VALUES (1);
