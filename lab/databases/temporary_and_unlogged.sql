-- what: an unlogged table with rows; while a session holds temporary tables and sequences
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_temporary;
CREATE UNLOGGED TABLE zoo_temporary.cache (key text PRIMARY KEY, value text);
INSERT INTO zoo_temporary.cache VALUES ('a', 'b');
-- gone with this session: the tests hold one open
CREATE TEMPORARY TABLE zoo_session (id serial PRIMARY KEY, cache text);
INSERT INTO zoo_session (cache) VALUES ('x');
CREATE TEMPORARY SEQUENCE zoo_session_sequence;
CREATE TEMPORARY VIEW zoo_session_view AS SELECT * FROM zoo_session;
