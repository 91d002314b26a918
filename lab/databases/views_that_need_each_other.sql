-- what: views that need a primary key, views over views, recursive and security barrier views
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_views;
CREATE TABLE zoo_views.nodes (id integer PRIMARY KEY, parent integer, name text);
INSERT INTO zoo_views.nodes VALUES (1, NULL, 'root'), (2, 1, 'leaf');
CREATE VIEW zoo_views.grouped AS SELECT id, name, count(*) AS n FROM zoo_views.nodes GROUP BY id;
CREATE VIEW zoo_views.on_top WITH (security_barrier) AS SELECT * FROM zoo_views.grouped WHERE n > 0;
CREATE RECURSIVE VIEW zoo_views.tree (id, depth) AS
    SELECT id, 0 FROM zoo_views.nodes WHERE parent IS NULL UNION ALL SELECT c.id, t.depth + 1 FROM zoo_views.nodes c JOIN tree t ON c.parent = t.id;
CREATE FUNCTION zoo_views.uses() RETURNS SETOF zoo_views.grouped LANGUAGE sql AS 'SELECT * FROM zoo_views.grouped';
