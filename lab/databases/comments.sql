-- what: comments on everything, with quotes, several lines, and what looks like a dump's own text
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_comments;
CREATE TABLE zoo_comments.things (id integer PRIMARY KEY, "a b" text);
CREATE FUNCTION zoo_comments.f(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1';
CREATE VIEW zoo_comments.v AS SELECT id FROM zoo_comments.things;
COMMENT ON SCHEMA zoo_comments IS 'it''s a schema';
COMMENT ON TABLE zoo_comments.things IS E'several lines\n-- Name: users; Type: TABLE; Schema: public; Owner: postgres\nCOPY public.users (id) FROM stdin;\n\\.\n-- PostgreSQL database dump complete';
COMMENT ON COLUMN zoo_comments.things."a b" IS E'back\\slash; and $$dollars$$';
COMMENT ON FUNCTION zoo_comments.f(integer) IS 'a function';
COMMENT ON VIEW zoo_comments.v IS 'ein Kommentar mit Umlauten: äöü';
COMMENT ON CONSTRAINT things_pkey ON zoo_comments.things IS 'a key';
COMMENT ON INDEX zoo_comments.things_pkey IS 'its index';
