-- what: materialized views: filled, never filled, one over another, with indexes, over a table with row level security
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_matviews;
CREATE TABLE zoo_matviews.things (id integer PRIMARY KEY, tenant text);
INSERT INTO zoo_matviews.things VALUES (1, 'a'), (2, 'b');
CREATE MATERIALIZED VIEW zoo_matviews.zz_first AS SELECT id, tenant FROM zoo_matviews.things;
CREATE UNIQUE INDEX ON zoo_matviews.zz_first (id);
CREATE MATERIALIZED VIEW zoo_matviews.aa_second AS SELECT count(*) AS n FROM zoo_matviews.zz_first;
CREATE MATERIALIZED VIEW zoo_matviews.never AS SELECT 1 / (id - 1) AS impossible FROM zoo_matviews.things WITH NO DATA;
ALTER TABLE zoo_matviews.things ENABLE ROW LEVEL SECURITY;
ALTER TABLE zoo_matviews.things FORCE ROW LEVEL SECURITY;
CREATE POLICY everything ON zoo_matviews.things USING (tenant IN ('a', 'b'));
REFRESH MATERIALIZED VIEW zoo_matviews.zz_first;
-- one that reads another through a function: pg_dump does not know in which order to fill them
CREATE FUNCTION zoo_matviews.counted() RETURNS bigint STABLE LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM zoo_matviews.zz_first); END';
CREATE MATERIALIZED VIEW zoo_matviews.aa_by_function AS SELECT zoo_matviews.counted() AS n;
