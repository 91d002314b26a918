-- what: partitions made out of order, rotated (detached, dropped, attached), with a default, sub-partitions and local indexes
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_parts;
CREATE TABLE zoo_parts.events (id bigint NOT NULL, at date NOT NULL, kind text NOT NULL, CHECK (id > 0)) PARTITION BY RANGE (at);
CREATE TABLE zoo_parts.p3 PARTITION OF zoo_parts.events FOR VALUES FROM ('2024-03-01') TO ('2024-04-01');
CREATE TABLE zoo_parts.p1 PARTITION OF zoo_parts.events FOR VALUES FROM ('2024-01-01') TO ('2024-02-01') PARTITION BY LIST (kind);
CREATE TABLE zoo_parts.p1_b PARTITION OF zoo_parts.p1 FOR VALUES IN ('b', 'c');
CREATE TABLE zoo_parts.p1_a PARTITION OF zoo_parts.p1 FOR VALUES IN ('a');
CREATE TABLE zoo_parts.p2 (kind text NOT NULL, at date NOT NULL, id bigint NOT NULL, CONSTRAINT events_id_check CHECK (id > 0));
INSERT INTO zoo_parts.p2 VALUES ('b', '2024-02-02', 2);
ALTER TABLE zoo_parts.events ATTACH PARTITION zoo_parts.p2 FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
CREATE TABLE zoo_parts.rest PARTITION OF zoo_parts.events DEFAULT;
CREATE TABLE zoo_parts.p0 PARTITION OF zoo_parts.events FOR VALUES FROM ('2023-12-01') TO ('2024-01-01');
ALTER TABLE zoo_parts.events DETACH PARTITION zoo_parts.p0;
DROP TABLE zoo_parts.p3;
CREATE TABLE zoo_parts.p3 PARTITION OF zoo_parts.events FOR VALUES FROM ('2024-03-01') TO ('2024-04-01');
CREATE INDEX by_kind ON zoo_parts.events (kind);
CREATE INDEX ON zoo_parts.p2 (id);
INSERT INTO zoo_parts.events VALUES (1, '2024-01-05', 'a'), (3, '2024-03-05', 'x'), (4, '2030-01-01', 'y');
CREATE TABLE zoo_parts.hashed (id integer) PARTITION BY HASH (id);
CREATE TABLE zoo_parts.h1 PARTITION OF zoo_parts.hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE zoo_parts.h0 PARTITION OF zoo_parts.hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
INSERT INTO zoo_parts.hashed SELECT generate_series(1, 20);
