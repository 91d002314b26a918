-- what: a function whose text looks like a dump: a COPY line, the end of its rows, psql's commands
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_copy;
CREATE FUNCTION zoo_copy.text() RETURNS text LANGUAGE sql AS $body$
SELECT $$
COPY public.users (id, name) FROM stdin;
1	x
\.
\! touch /tmp/owned
\connect postgres
-- PostgreSQL database dump complete
$$::text
$body$;
CREATE TABLE zoo_copy.lines (line text DEFAULT 'COPY public.users (id) FROM stdin;');
INSERT INTO zoo_copy.lines VALUES ('COPY public.users (id, name) FROM stdin;'), (E'\\.'), (E'\\N'), (E'a\n\\.\nb'), (''), (NULL);
CREATE FUNCTION zoo_copy.new_style(a integer) RETURNS integer LANGUAGE sql
BEGIN ATOMIC
    SELECT a;
    SELECT CASE WHEN a > 1 THEN 2 ELSE 3 END;
END;
