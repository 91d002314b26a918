-- what: large objects of several megabytes, with owner, comment and privileges, one of them empty
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

SELECT lo_create(77001), lo_create(77002);
SELECT lo_put(77001, 0, decode(repeat('00ff', 1500000), 'hex'));
COMMENT ON LARGE OBJECT 77001 IS 'a large one';
GRANT SELECT ON LARGE OBJECT 77001 TO PUBLIC;
CREATE SCHEMA zoo_documents;
CREATE TABLE zoo_documents.files (id integer PRIMARY KEY, content oid);
INSERT INTO zoo_documents.files VALUES (1, 77001), (2, 77002);
