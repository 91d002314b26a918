-- what: expressions that PostgreSQL prints differently after a restore: IN over varchar, BETWEEN with AND, partial indexes, generated columns
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_expressions;
CREATE TABLE zoo_expressions.things (
    id integer PRIMARY KEY,
    state varchar(10) DEFAULT 'draft' CHECK (state IN ('draft', 'live')),
    a integer,
    b integer,
    CHECK (a BETWEEN 1 AND 5 AND b > 0),
    wide boolean GENERATED ALWAYS AS (a BETWEEN 1 AND 3 AND b <> 2) STORED,
    name char(5) CHECK (name NOT IN ('x', 'y')),
    d date CHECK (d > '2020-01-01'),
    CONSTRAINT "with spaces" CHECK (NOT (a = 1 AND b = 1) OR (a IS NULL AND NOT b IS NULL))
);
INSERT INTO zoo_expressions.things (id, state, a, b, name, d) VALUES (1, 'live', 2, 3, 'z', '2024-02-29');
CREATE INDEX ON zoo_expressions.things (a) WHERE state IN ('live') AND a BETWEEN 1 AND 9 AND b > 0;
CREATE INDEX ON zoo_expressions.things ((a + b), lower(state)) INCLUDE (d);
CREATE VIEW zoo_expressions.v AS SELECT * FROM zoo_expressions.things WHERE state IN ('a', 'b') AND a BETWEEN 1 AND 2 AND b > 0;
CREATE RULE r AS ON UPDATE TO zoo_expressions.v WHERE NEW.state IN ('a', 'c') AND NEW.a BETWEEN 1 AND 2 AND NEW.b > 0 DO INSTEAD NOTHING;
CREATE FUNCTION zoo_expressions.noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER t BEFORE UPDATE ON zoo_expressions.things FOR EACH ROW
    WHEN (OLD.state IN ('draft', 'live') AND NEW.a BETWEEN 1 AND 5 AND NEW.b > 0) EXECUTE FUNCTION zoo_expressions.noop();
CREATE POLICY p ON zoo_expressions.things USING (state IN ('draft', 'live') AND a BETWEEN 1 AND 5 AND b > 0);
