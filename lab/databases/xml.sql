-- what: columns of XML, which not every PostgreSQL is built with: documents, pieces of one, and none
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_xml;
CREATE TABLE zoo_xml.documents (id integer PRIMARY KEY, document xml);
INSERT INTO zoo_xml.documents VALUES (1, '<a/>'), (2, XMLPARSE(CONTENT 'a piece &amp; <b c="d">of one</b>')), (3, NULL);
