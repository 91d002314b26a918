-- what: tables, types and constraints that are rarely met: no columns, other orders of columns, deferred, own ranges, domains over arrays, reg types
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_rare;
-- inheritance: grandparents, two parents with the same columns in other orders, attached later
CREATE TABLE zoo_rare.g (z integer, a text, m numeric);
CREATE TABLE zoo_rare.p1 (own1 text) INHERITS (zoo_rare.g);
CREATE TABLE zoo_rare.p2 (m numeric, z integer, extra text);
CREATE TABLE zoo_rare.kid (k text) INHERITS (zoo_rare.p1, zoo_rare.p2);
CREATE TABLE zoo_rare.late (k text, extra text, z integer, a text, own1 text, m numeric, gone integer);
ALTER TABLE zoo_rare.late DROP COLUMN gone;
ALTER TABLE zoo_rare.late INHERIT zoo_rare.p1;
ALTER TABLE zoo_rare.late INHERIT zoo_rare.p2;
ALTER TABLE zoo_rare.g ADD COLUMN added text DEFAULT 'x';
ALTER TABLE zoo_rare.g DROP COLUMN a;
ALTER TABLE zoo_rare.kid NO INHERIT zoo_rare.p2;
ALTER TABLE zoo_rare.g RENAME COLUMN added TO "M m, (x)";
INSERT INTO zoo_rare.g VALUES (1, 2, 'y'); INSERT INTO zoo_rare.p1 (z, own1) VALUES (2, 'o');
INSERT INTO zoo_rare.kid (z, k, extra) VALUES (3, 'k', 'e'), (4, NULL, NULL); INSERT INTO zoo_rare.late (z, k, extra) VALUES (5, 'l', 'f');
-- deferrable constraints, circular
CREATE TABLE zoo_rare.hen (id integer PRIMARY KEY, egg integer UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE zoo_rare.egg (id integer UNIQUE DEFERRABLE, n integer PRIMARY KEY, hen integer REFERENCES zoo_rare.hen DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE zoo_rare.chick (hen integer CONSTRAINT one_hen UNIQUE DEFERRABLE INITIALLY DEFERRED, during int4range, EXCLUDE USING gist (during WITH &&) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO zoo_rare.hen VALUES (1, 1), (2, 2); INSERT INTO zoo_rare.egg VALUES (1, 1, 1), (2, 2, 2); INSERT INTO zoo_rare.chick VALUES (1, '[1,3)'), (2, '[3,5)');
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON zoo_rare.hen DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
ALTER TABLE zoo_rare.hen DISABLE TRIGGER later;
-- domains over arrays and composites, with constraints; arrays of ranges
CREATE DOMAIN zoo_rare.few AS integer[] CHECK (cardinality(VALUE) < 4) DEFAULT '{1}';
CREATE DOMAIN zoo_rare.small AS integer CHECK (VALUE < 100);
CREATE TYPE zoo_rare.pair AS (a zoo_rare.small, b zoo_rare.few);
CREATE DOMAIN zoo_rare.good_pair AS zoo_rare.pair CHECK ((VALUE).a IS NOT NULL);
CREATE TABLE zoo_rare.doms (f zoo_rare.few, s zoo_rare.small[], p zoo_rare.good_pair, ps zoo_rare.pair[]);
INSERT INTO zoo_rare.doms VALUES (DEFAULT, '{1,2,NULL}', ROW(5, '{1,2}')::zoo_rare.pair, ARRAY[ROW(1, NULL)::zoo_rare.pair]);
-- range types with own subtype, subtype_diff, canonical-less, own multirange name, own opclass
CREATE FUNCTION zoo_rare.text_diff(text, text) RETURNS double precision IMMUTABLE LANGUAGE sql AS 'SELECT (ascii($1) - ascii($2))::double precision';
CREATE TYPE zoo_rare.textrange AS RANGE (SUBTYPE = text, COLLATION = "C", SUBTYPE_DIFF = zoo_rare.text_diff, MULTIRANGE_TYPE_NAME = zoo_rare.texts);
CREATE TABLE zoo_rare.ranges (r zoo_rare.textrange, m zoo_rare.texts, EXCLUDE USING gist (r WITH &&));
INSERT INTO zoo_rare.ranges VALUES ('[a,c)', '{[a,b),[x,y)}'), ('[d,e]', '{}'), ('empty', NULL), ('(,a)', '{(,)}');
CREATE INDEX ON zoo_rare.ranges USING gist (r);
-- no columns, all dropped, only generated
CREATE TABLE zoo_rare.nothing (); INSERT INTO zoo_rare.nothing DEFAULT VALUES; INSERT INTO zoo_rare.nothing DEFAULT VALUES;
CREATE TABLE zoo_rare.emptied (a integer); INSERT INTO zoo_rare.emptied VALUES (1), (2), (3); ALTER TABLE zoo_rare.emptied DROP COLUMN a;
CREATE TABLE zoo_rare.computed (a integer GENERATED ALWAYS AS (1) STORED); INSERT INTO zoo_rare.computed DEFAULT VALUES;
-- dropped columns in partitions, other orders, attached
CREATE TABLE zoo_rare.parted (a integer, b text, c date) PARTITION BY RANGE (a);
CREATE TABLE zoo_rare.pa (x integer, c date, b text, a integer, y text); ALTER TABLE zoo_rare.pa DROP COLUMN x, DROP COLUMN y;
INSERT INTO zoo_rare.pa VALUES ('2020-01-01', 'b', 1);
ALTER TABLE zoo_rare.parted ATTACH PARTITION zoo_rare.pa FOR VALUES FROM (0) TO (10);
CREATE TABLE zoo_rare.pb PARTITION OF zoo_rare.parted FOR VALUES FROM (10) TO (20);
ALTER TABLE zoo_rare.parted ADD COLUMN d integer DEFAULT 7; ALTER TABLE zoo_rare.parted DROP COLUMN b;
INSERT INTO zoo_rare.parted VALUES (2, '2021-01-01', 8), (12, NULL, NULL);
-- the key of a partitioned table behind a dropped column; partitions by enum with load-via-root
CREATE TYPE zoo_rare.mood AS ENUM ('sad', 'ok');
CREATE TABLE zoo_rare.moods (old integer, m zoo_rare.mood, v text) PARTITION BY HASH (m);
ALTER TABLE zoo_rare.moods DROP COLUMN old;
CREATE TABLE zoo_rare.m0 PARTITION OF zoo_rare.moods FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE zoo_rare.m1 (v text, gone integer, m zoo_rare.mood); ALTER TABLE zoo_rare.m1 DROP COLUMN gone;
ALTER TABLE zoo_rare.moods ATTACH PARTITION zoo_rare.m1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO zoo_rare.moods SELECT (ARRAY['sad','ok']::zoo_rare.mood[])[1 + n % 2], 'v' || n FROM generate_series(1, 10) n;
-- statistics objects: on inherited, on partitioned, owned elsewhere, kinds
CREATE STATISTICS zoo_rare.st1 (ndistinct) ON a, c FROM zoo_rare.parted;
CREATE STATISTICS zoo_rare.st2 ON (lower(k)), z FROM zoo_rare.kid;
ALTER STATISTICS zoo_rare.st2 SET STATISTICS 0;
-- reg columns
CREATE TABLE zoo_rare.regs (a regproc, b regprocedure, c regclass, d regtype, e regrole, f regnamespace, g regconfig, h regdictionary, i regoper, j regoperator, k regcollation, o oid, x xid8, t tid, l pg_lsn, s pg_snapshot);
-- zoo money
CREATE TABLE zoo_rare.money (m money, p point, i interval, b bit varying(5), tsv tsvector, tsq tsquery, inet inet, mac macaddr8, uuid uuid, f4 real, f8 double precision, c "char", n name, jp jsonpath, iv int2vector);
INSERT INTO zoo_rare.money VALUES ('$1,234.50', '(1,2)', '1 mon -3 days', '101', 'a:1 b', 'a & b', '::1/64', '08:00:2b:01:02:03:04:05', gen_random_uuid(), 0.1::real, 1e-310, 'x', 'n', '$.a', '1 2');
-- security: owner with FORCE RLS
CREATE TABLE zoo_rare.tenants (id integer, t text); ALTER TABLE zoo_rare.tenants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON zoo_rare.tenants USING (t = current_setting('app.tenant', true)) WITH CHECK (true);
INSERT INTO zoo_rare.tenants VALUES (1, 'a'), (2, 'b');
CREATE TABLE zoo_rare.refs (id integer PRIMARY KEY); ALTER TABLE zoo_rare.refs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
INSERT INTO zoo_rare.refs SELECT 1 WHERE false;
-- views with options, recursive, column privileges, security_invoker, check option
CREATE VIEW zoo_rare.vi WITH (security_invoker = true, security_barrier) AS SELECT * FROM zoo_rare.hen WHERE id > 0 WITH LOCAL CHECK OPTION;
CREATE RECURSIVE VIEW zoo_rare.rv (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM rv WHERE n < 3;
GRANT SELECT (id) ON zoo_rare.hen TO PUBLIC;
COMMENT ON COLUMN zoo_rare.hen.id IS E'a;\nCOPY zoo_rare.hen FROM stdin;\n\\.\n';
-- replica identity, clustering, toast options, compression
ALTER TABLE zoo_rare.refs REPLICA IDENTITY USING INDEX refs_pkey; ALTER TABLE zoo_rare.hen REPLICA IDENTITY NOTHING;
ALTER TABLE zoo_rare.tenants ALTER COLUMN t SET COMPRESSION pglz; ALTER TABLE zoo_rare.tenants SET (toast.autovacuum_enabled = false);
-- NULLS NOT DISTINCT, INCLUDE, brin options, covering key, expression partial unique
CREATE TABLE zoo_rare.idx (a integer, b integer, UNIQUE NULLS NOT DISTINCT (a) INCLUDE (b)); INSERT INTO zoo_rare.idx VALUES (NULL, 1), (2, 2);
CREATE INDEX ON zoo_rare.idx USING brin (a int4_minmax_multi_ops (values_per_range = 16)); CREATE UNIQUE INDEX ON zoo_rare.idx ((a + b)) WHERE b > 0;
-- typed tables
CREATE TYPE zoo_rare.row AS (a integer, b text); CREATE TABLE zoo_rare.typed OF zoo_rare.row (PRIMARY KEY (a), b WITH OPTIONS DEFAULT 'd'); INSERT INTO zoo_rare.typed VALUES (1);
ALTER TYPE zoo_rare.row ADD ATTRIBUTE c date CASCADE; ALTER TYPE zoo_rare.row DROP ATTRIBUTE b CASCADE;
-- row type of another table as a column, with a dropped column
CREATE TABLE zoo_rare.inner_one (a integer, b text, c integer); CREATE TABLE zoo_rare.outer_one (o zoo_rare.inner_one, oo zoo_rare.inner_one[]);
ALTER TABLE zoo_rare.inner_one DROP COLUMN b; INSERT INTO zoo_rare.outer_one VALUES (ROW(1, 3), ARRAY[ROW(1, 2)::zoo_rare.inner_one]);
