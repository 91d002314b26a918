-- what: functions of the application that run while a dump is loaded, and try to become a superuser there
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_hostile;
CREATE FUNCTION zoo_hostile.attempt(what text) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
    -- IMMUTABLE in name only: whoever loads the table runs it
    BEGIN EXECUTE 'RESET SESSION AUTHORIZATION'; EXCEPTION WHEN OTHERS THEN NULL; END;
    BEGIN EXECUTE 'RESET ROLE'; EXCEPTION WHEN OTHERS THEN NULL; END;
    BEGIN EXECUTE 'SET ROLE postgres'; EXCEPTION WHEN OTHERS THEN NULL; END;
    -- psql would take the rest of the string in the last index for commands of its own
    PERFORM set_config('standard_conforming_strings', 'off', false), set_config('client_encoding', 'SJIS', false);
    IF current_setting('is_superuser') = 'on' THEN
        EXECUTE 'CREATE ROLE zoo_became_superuser SUPERUSER';
    END IF;
    RETURN true;
EXCEPTION WHEN OTHERS THEN RETURN true;
END $$;
CREATE DOMAIN zoo_hostile.value AS text CHECK (zoo_hostile.attempt(VALUE));
CREATE TABLE zoo_hostile.things (
    a text CHECK (zoo_hostile.attempt(a)),
    b boolean GENERATED ALWAYS AS (zoo_hostile.attempt(a)) STORED,
    c zoo_hostile.value
);
CREATE TABLE zoo_hostile.parted (v zoo_hostile.value) PARTITION BY LIST (v);
CREATE TABLE zoo_hostile.part PARTITION OF zoo_hostile.parted FOR VALUES IN ('x');
INSERT INTO zoo_hostile.things (a, c) VALUES ('x', 'y');
INSERT INTO zoo_hostile.parted VALUES ('x');
CREATE INDEX ON zoo_hostile.things (zoo_hostile.attempt(a));
RESET standard_conforming_strings; RESET client_encoding;
CREATE INDEX ON zoo_hostile.things (a) WHERE a <> 'x\' AND a <> '
; \connect - postgres
CREATE ROLE zoo_became_superuser SUPERUSER; ';
-- whatever is planned for the table runs this, whoever asks
CREATE FUNCTION zoo_hostile.seen(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN IF current_setting('is_superuser') = 'on' THEN RAISE 'run by a superuser'; END IF; RETURN $1; END $$;
CREATE TABLE zoo_hostile.counted (n integer);
INSERT INTO zoo_hostile.counted VALUES (1);
CREATE INDEX ON zoo_hostile.counted ((n + zoo_hostile.seen(1)));
CREATE MATERIALIZED VIEW zoo_hostile.filled AS SELECT zoo_hostile.attempt(a) FROM zoo_hostile.things;
CREATE STATISTICS zoo_hostile.numbers ON (zoo_hostile.attempt(a)), c FROM zoo_hostile.things;
