-- what: publications of tables, of a schema, of all tables, with columns and row filters
-- made by: administrator
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_pub AUTHORIZATION :"owner";
CREATE TABLE zoo_pub.things (id integer PRIMARY KEY, name text, hidden text);
ALTER TABLE zoo_pub.things OWNER TO :"owner";
CREATE PUBLICATION zoo_some FOR TABLE zoo_pub.things (id, name) WHERE (id > 5) WITH (publish = 'insert');
CREATE PUBLICATION zoo_schema FOR TABLES IN SCHEMA zoo_pub WITH (publish = 'insert');
CREATE PUBLICATION "zoo all" FOR ALL TABLES WITH (publish = 'insert');
COMMENT ON PUBLICATION zoo_some IS 'some';
