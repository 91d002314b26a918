-- what: one row with megabytes of bytea and of text in one line of the dump
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_huge;
CREATE TABLE zoo_huge.files (id integer PRIMARY KEY, name text, content bytea);
INSERT INTO zoo_huge.files SELECT 1, repeat('long name ', 200000), decode(repeat('00ff10a5', :megabytes * 262144), 'hex');
