-- what: foreign keys to and from partitioned tables, with triggers that differ on single partitions
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_keys;
CREATE TABLE zoo_keys.orders (id integer, region text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE zoo_keys.south PARTITION OF zoo_keys.orders FOR VALUES IN ('south');
CREATE TABLE zoo_keys.north PARTITION OF zoo_keys.orders FOR VALUES IN ('north');
CREATE TABLE zoo_keys.lines (order_id integer, region text, FOREIGN KEY (order_id, region) REFERENCES zoo_keys.orders ON DELETE CASCADE) PARTITION BY HASH (order_id);
CREATE TABLE zoo_keys.lines_1 PARTITION OF zoo_keys.lines FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE zoo_keys.lines_0 PARTITION OF zoo_keys.lines FOR VALUES WITH (MODULUS 2, REMAINDER 0);
INSERT INTO zoo_keys.orders VALUES (1, 'north'), (2, 'south');
INSERT INTO zoo_keys.lines VALUES (1, 'north'), (2, 'south');
CREATE FUNCTION zoo_keys.noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER each AFTER INSERT ON zoo_keys.orders FOR EACH ROW EXECUTE FUNCTION zoo_keys.noop();
ALTER TABLE zoo_keys.north DISABLE TRIGGER each;
CREATE TABLE zoo_keys.east PARTITION OF zoo_keys.orders FOR VALUES IN ('east');
