-- what: bytes that are not UTF-8 in a database of UTF-8, as a cast that checks nothing or an upgrade of old days left them
-- made by: administrator
-- 30: failed: every text can be read again
-- 31: failed
-- 32: refused
-- together: no: no backup of it can be restored

CREATE SCHEMA zoo_bytes AUTHORIZATION :"owner";
CREATE CAST (bytea AS text) WITHOUT FUNCTION;
CREATE TABLE zoo_bytes."Good ones" (id integer, word text);
INSERT INTO zoo_bytes."Good ones" VALUES (1, 'Ä'), (2, '€'), (3, U&'\+01F600');
CREATE TABLE zoo_bytes."Bad ones" (id integer, word text);
INSERT INTO zoo_bytes."Bad ones" VALUES (1, 'ok'), (2, '\xff41'::bytea::text);
DROP CAST (bytea AS text);
