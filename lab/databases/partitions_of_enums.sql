-- what: partitions by the hash of an enum: pg_dump writes their rows for the root, and a restore may put them elsewhere
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_enums;
CREATE TYPE zoo_enums.mood AS ENUM ('sad', 'happy', 'it''s ok', 'tired');
CREATE TABLE zoo_enums.people (mood zoo_enums.mood, name text, id integer) PARTITION BY HASH (mood);
CREATE TABLE zoo_enums.people_0 PARTITION OF zoo_enums.people FOR VALUES WITH (MODULUS 2, REMAINDER 0);
-- its columns in another order
CREATE TABLE zoo_enums.people_1 (id integer, gone integer, mood zoo_enums.mood, name text);
ALTER TABLE zoo_enums.people_1 DROP COLUMN gone;
ALTER TABLE zoo_enums.people ATTACH PARTITION zoo_enums.people_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO zoo_enums.people SELECT (enum_range(NULL::zoo_enums.mood))[1 + n % 4], 'x' || n, n FROM generate_series(1, 40) AS n;
-- below a range: the rows go to the topmost table all the same
CREATE TABLE zoo_enums."by Day" (day date, mood zoo_enums.mood) PARTITION BY RANGE (day);
CREATE TABLE zoo_enums.old PARTITION OF zoo_enums."by Day" FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
CREATE TABLE zoo_enums.new PARTITION OF zoo_enums."by Day" FOR VALUES FROM ('2024-01-01') TO (MAXVALUE) PARTITION BY HASH (mood);
CREATE TABLE zoo_enums.new_0 PARTITION OF zoo_enums.new FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE zoo_enums.new_1 PARTITION OF zoo_enums.new FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO zoo_enums."by Day" SELECT date '2023-12-25' + n, (enum_range(NULL::zoo_enums.mood))[1 + n % 4] FROM generate_series(1, 40) AS n;
