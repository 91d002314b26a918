-- what: arrays of arrays, of composite types and of empty text; jsonb with escapes, nulls and numbers that no double holds
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_arrays;
CREATE TYPE zoo_arrays.pair AS (x integer, y text);
CREATE TABLE zoo_arrays.things (
    id integer PRIMARY KEY,
    grid integer[][],
    words text[],
    pairs zoo_arrays.pair[],
    document jsonb,
    raw json
);
INSERT INTO zoo_arrays.things VALUES
    (1, '{{1,2},{3,4}}', ARRAY['', 'NULL', NULL, 'a,b', 'quote"', E'tab\t', E'back\\slash'],
        ARRAY[(1, 'a,b')::zoo_arrays.pair, (NULL, NULL)::zoo_arrays.pair],
        '{"a": "\u00e4\\n", "n": 123456789012345678901234567890.5, "nil": null, "list": []}', '{"b":1,  "a":2, "a":3}'),
    (2, '[0:1][5:6]={{1,2},{3,4}}', '{}', NULL, 'null', NULL);
CREATE INDEX ON zoo_arrays.things USING gin (document jsonb_path_ops);
CREATE INDEX ON zoo_arrays.things USING gin (words);
