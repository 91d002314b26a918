-- what: a database without alembic's version table: no schema revision, no migrations
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: no: the application's own table is in the way

CREATE TABLE things (id serial PRIMARY KEY, name text);
INSERT INTO things (name) VALUES ('a');
