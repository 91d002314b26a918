-- what: operator classes of one's own below indexes and partition keys, files as partitions and children, a table access method
-- made by: administrator
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_classes AUTHORIZATION :"owner";
-- own operator class, family, operators
CREATE FUNCTION zoo_classes.cmp(integer, integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT CASE WHEN abs($1) < abs($2) THEN -1 WHEN abs($1) > abs($2) THEN 1 ELSE 0 END';
CREATE FUNCTION zoo_classes.lt(integer, integer) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT abs($1) < abs($2)';
CREATE FUNCTION zoo_classes.gt(integer, integer) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT abs($1) > abs($2)';
CREATE FUNCTION zoo_classes.eq(integer, integer) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT abs($1) = abs($2)';
CREATE FUNCTION zoo_classes.le(integer, integer) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT abs($1) <= abs($2)';
CREATE FUNCTION zoo_classes.ge(integer, integer) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT abs($1) >= abs($2)';
CREATE OPERATOR zoo_classes.|<| (LEFTARG = integer, RIGHTARG = integer, FUNCTION = zoo_classes.lt, COMMUTATOR = OPERATOR(zoo_classes.|>|));
CREATE OPERATOR zoo_classes.|>| (LEFTARG = integer, RIGHTARG = integer, FUNCTION = zoo_classes.gt, COMMUTATOR = OPERATOR(zoo_classes.|<|));
CREATE OPERATOR zoo_classes.|<=| (LEFTARG = integer, RIGHTARG = integer, FUNCTION = zoo_classes.le);
CREATE OPERATOR zoo_classes.|>=| (LEFTARG = integer, RIGHTARG = integer, FUNCTION = zoo_classes.ge);
CREATE OPERATOR zoo_classes.|=| (LEFTARG = integer, RIGHTARG = integer, FUNCTION = zoo_classes.eq, COMMUTATOR = OPERATOR(zoo_classes.|=|), MERGES);
CREATE OPERATOR CLASS zoo_classes.abs_ops FOR TYPE integer USING btree AS OPERATOR 1 zoo_classes.|<|, OPERATOR 2 zoo_classes.|<=|, OPERATOR 3 zoo_classes.|=|, OPERATOR 4 zoo_classes.|>=|, OPERATOR 5 zoo_classes.|>|, FUNCTION 1 zoo_classes.cmp(integer, integer);
CREATE TABLE zoo_classes.numbers (n integer, EXCLUDE USING btree (n zoo_classes.abs_ops WITH OPERATOR(zoo_classes.|=|)));
CREATE UNIQUE INDEX ON zoo_classes.numbers (n zoo_classes.abs_ops);
INSERT INTO zoo_classes.numbers VALUES (-3), (2), (1);
ALTER TABLE zoo_classes.numbers OWNER TO :"owner";
CREATE TABLE zoo_classes.by_abs (n integer) PARTITION BY RANGE (n zoo_classes.abs_ops);
CREATE TABLE zoo_classes.by_abs_1 PARTITION OF zoo_classes.by_abs FOR VALUES FROM (0) TO (10);
CREATE TABLE zoo_classes.by_abs_2 PARTITION OF zoo_classes.by_abs FOR VALUES FROM (10) TO (100);
INSERT INTO zoo_classes.by_abs VALUES (-5), (-50);
-- hash with own support function, partitioned by it
CREATE FUNCTION zoo_classes.h(integer, bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT ($1 + $2)::bigint';
CREATE OPERATOR CLASS zoo_classes.h_ops FOR TYPE integer USING hash AS OPERATOR 1 =, FUNCTION 2 zoo_classes.h(integer, bigint);
CREATE TABLE zoo_classes.hashed (n integer) PARTITION BY HASH (n zoo_classes.h_ops);
CREATE TABLE zoo_classes.hashed0 PARTITION OF zoo_classes.hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE zoo_classes.hashed1 PARTITION OF zoo_classes.hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO zoo_classes.hashed SELECT generate_series(1, 9);
SELECT format('ALTER TABLE %s OWNER TO %I', relid, :'owner') FROM unnest(ARRAY['zoo_classes.by_abs', 'zoo_classes.hashed']) AS one, pg_partition_tree(one::regclass) \gexec
-- foreign tables as partitions
CREATE EXTENSION IF NOT EXISTS file_fdw; CREATE SERVER zoo_files FOREIGN DATA WRAPPER file_fdw;
CREATE TABLE zoo_classes.logs (a integer, b text) PARTITION BY LIST (a);
CREATE FOREIGN TABLE zoo_classes.logs_old PARTITION OF zoo_classes.logs FOR VALUES IN (1) SERVER zoo_files OPTIONS (filename '/etc/hostname', format 'text', delimiter '|');
CREATE TABLE zoo_classes.logs_new PARTITION OF zoo_classes.logs FOR VALUES IN (2);
INSERT INTO zoo_classes.logs VALUES (2, 'new');
CREATE TABLE zoo_classes.parent (a integer); CREATE FOREIGN TABLE zoo_classes.child () INHERITS (zoo_classes.parent) SERVER zoo_files OPTIONS (filename '/nonexistent');
INSERT INTO zoo_classes.parent VALUES (1);
-- a base type-like: shell, cast, text search template, access method, transform-free
CREATE ACCESS METHOD zoo_heap TYPE TABLE HANDLER heap_tableam_handler; CREATE TABLE zoo_classes.am (a integer) USING zoo_heap; INSERT INTO zoo_classes.am VALUES (1);
CREATE TEXT SEARCH CONFIGURATION zoo_classes.conf (COPY = english); CREATE TABLE zoo_classes.docs (d text, v tsvector GENERATED ALWAYS AS (to_tsvector('zoo_classes.conf', d)) STORED); INSERT INTO zoo_classes.docs (d) VALUES ('running dogs');
CREATE TABLE zoo_classes.confs (c regconfig); INSERT INTO zoo_classes.confs VALUES ('zoo_classes.conf');
CREATE COLLATION zoo_classes.nat (provider = icu, locale = 'en-u-kn', deterministic = false); CREATE TABLE zoo_classes.coll (c text COLLATE zoo_classes.nat UNIQUE); INSERT INTO zoo_classes.coll VALUES ('a10'), ('a9');
CREATE TABLE zoo_classes.parts_c (c text COLLATE zoo_classes.nat) PARTITION BY RANGE (c);
CREATE TABLE zoo_classes.parts_c1 PARTITION OF zoo_classes.parts_c FOR VALUES FROM ('a') TO ('b'); INSERT INTO zoo_classes.parts_c VALUES ('a5');
