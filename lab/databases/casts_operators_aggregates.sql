-- what: casts, operators, an operator class, aggregates and a text search configuration of one's own
-- made by: administrator
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_casts;
CREATE TYPE zoo_casts.amount AS (cents bigint);
CREATE FUNCTION zoo_casts.to_amount(bigint) RETURNS zoo_casts.amount IMMUTABLE LANGUAGE sql AS 'SELECT ROW($1)::zoo_casts.amount';
CREATE CAST (bigint AS zoo_casts.amount) WITH FUNCTION zoo_casts.to_amount(bigint) AS ASSIGNMENT;
CREATE FUNCTION zoo_casts.add(zoo_casts.amount, zoo_casts.amount) RETURNS zoo_casts.amount
    IMMUTABLE LANGUAGE sql AS 'SELECT ROW(($1).cents + ($2).cents)::zoo_casts.amount';
CREATE OPERATOR zoo_casts.+ (LEFTARG = zoo_casts.amount, RIGHTARG = zoo_casts.amount, FUNCTION = zoo_casts.add, COMMUTATOR = OPERATOR(zoo_casts.+));
CREATE AGGREGATE zoo_casts.total(zoo_casts.amount) (SFUNC = zoo_casts.add, STYPE = zoo_casts.amount, INITCOND = '(0)');
CREATE FUNCTION zoo_casts.compare(text, text) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT bttextcmp(reverse($1), reverse($2))';
CREATE FUNCTION zoo_casts.lower_than(text, text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT zoo_casts.compare($1, $2) < 0';
CREATE OPERATOR zoo_casts.<~ (LEFTARG = text, RIGHTARG = text, FUNCTION = zoo_casts.lower_than);
-- only a superuser makes the next two
CREATE OPERATOR CLASS zoo_casts.reversed FOR TYPE text USING btree AS
    OPERATOR 1 zoo_casts.<~, OPERATOR 3 pg_catalog.=, FUNCTION 1 zoo_casts.compare(text, text);
CREATE CAST (zoo_casts.amount AS text) WITH INOUT AS ASSIGNMENT;
CREATE TABLE zoo_casts.names (name text, price zoo_casts.amount);
INSERT INTO zoo_casts.names VALUES ('anna', ROW(5)), ('bert', ROW(7));
CREATE INDEX backwards ON zoo_casts.names (name zoo_casts.reversed);
CREATE TEXT SEARCH DICTIONARY zoo_casts.plain (TEMPLATE = pg_catalog.simple, ACCEPT = false);
CREATE TEXT SEARCH CONFIGURATION zoo_casts.search (PARSER = pg_catalog."default");
ALTER TEXT SEARCH CONFIGURATION zoo_casts.search ADD MAPPING FOR asciiword WITH zoo_casts.plain, pg_catalog.english_stem;
ALTER OPERATOR CLASS zoo_casts.reversed USING btree OWNER TO :"owner";
ALTER SCHEMA zoo_casts OWNER TO :"owner";
ALTER TYPE zoo_casts.amount OWNER TO :"owner";
ALTER TABLE zoo_casts.names OWNER TO :"owner";
