-- what: sequences of every habit: descending, cycling, never used, at their end, of other types, owned by a text column, behind their column
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_seq;
CREATE SEQUENCE zoo_seq.down INCREMENT BY -5 MINVALUE -1000 MAXVALUE -1 START WITH -1;
CREATE SEQUENCE zoo_seq.round MINVALUE 1 MAXVALUE 3 CYCLE CACHE 10;
CREATE SEQUENCE zoo_seq.never START WITH 500;
CREATE SEQUENCE zoo_seq.at_its_end AS smallint MAXVALUE 2;
CREATE SEQUENCE zoo_seq.large START WITH 9000000000000000000;
SELECT nextval('zoo_seq.down'), nextval('zoo_seq.down'), nextval('zoo_seq.round'), nextval('zoo_seq.at_its_end'), nextval('zoo_seq.at_its_end'), nextval('zoo_seq.large');
CREATE TABLE zoo_seq.codes (code text PRIMARY KEY);
CREATE SEQUENCE zoo_seq.code_numbers OWNED BY zoo_seq.codes.code;
ALTER TABLE zoo_seq.codes ALTER COLUMN code SET DEFAULT 'C' || nextval('zoo_seq.code_numbers');
INSERT INTO zoo_seq.codes DEFAULT VALUES;
CREATE TABLE zoo_seq.explicit (id serial PRIMARY KEY, name text);
INSERT INTO zoo_seq.explicit VALUES (1000, 'given by hand: the sequence is behind');
