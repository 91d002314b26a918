-- what: a child of a table that belongs to an extension, and is empty: only the owner of that one may make it
-- made by: administrator
-- 30: failed: a restore can make every child table
-- 31: failed
-- 32: refused
-- together: no: no backup of it can be restored

CREATE SCHEMA zoo_child AUTHORIZATION :"owner";
CREATE EXTENSION zoo_plain SCHEMA zoo_child;
CREATE TABLE zoo_child.noted (id integer NOT NULL, body text, more text);
ALTER TABLE zoo_child.noted INHERIT zoo_child.notes;
ALTER TABLE zoo_child.noted OWNER TO :"owner";
