-- what: operators of an extension in expressions that PostgreSQL prints without their schema: IS DISTINCT FROM, NULLIF, CASE, USING, rows
-- made by: administrator
-- 30: failed: a dump names every operator in full
-- 31: failed
-- 32: refused
-- together: no: no backup of it can be restored

CREATE SCHEMA zoo_tree AUTHORIZATION :"owner";
CREATE EXTENSION ltree SCHEMA zoo_tree;
SET ROLE :"owner";
SET search_path = zoo_tree;
CREATE TABLE paths (id integer, path ltree, before ltree);
INSERT INTO paths VALUES (1, 'a.b', 'a');
-- good ones: written in full, or sorted and grouped as the type says
CREATE VIEW good_in_full AS SELECT id FROM paths WHERE path = before OR path IN (SELECT before FROM paths);
CREATE VIEW good_sorted AS SELECT path, count(*) FROM paths GROUP BY path ORDER BY path;
CREATE VIEW good_integers AS SELECT NULLIF(id, 2) AS id, CASE id WHEN 1 THEN path = before END AS same FROM paths;
CREATE POLICY good_policy ON paths USING (path IN (SELECT before FROM paths));
CREATE INDEX good_index ON paths USING gist (path) WHERE path <> before;
CREATE VIEW bad_nullif AS SELECT NULLIF(path, before) AS path FROM paths;
CREATE VIEW bad_case AS SELECT CASE path WHEN before THEN 1 ELSE 2 END AS one FROM paths;
CREATE VIEW bad_using AS SELECT * FROM paths AS a JOIN (SELECT path FROM paths) AS b USING (path);
CREATE INDEX bad_index ON paths (id) WHERE path IS DISTINCT FROM before;
ALTER TABLE paths ADD CONSTRAINT bad_rows CHECK ((id, path) >= (0, before));
CREATE FUNCTION moved() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER bad_trigger BEFORE UPDATE ON paths FOR EACH ROW WHEN (old.path IS DISTINCT FROM new.path) EXECUTE FUNCTION moved();
CREATE FUNCTION bad_function(a ltree, b ltree) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN a IS DISTINCT FROM b;
RESET search_path;
RESET ROLE;
