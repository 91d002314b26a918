-- what: settings of the database that change how values are read and written: arrays, intervals, dates, strings, bytes
-- made by: administrator
-- 30: passed
-- 31: passed
-- 32: passed
-- together: no: it changes the application's own database

CREATE TABLE zoo_values (id integer PRIMARY KEY, words text[], every interval, at timestamptz, day date, bytes bytea, share double precision, line text);
INSERT INTO zoo_values VALUES (1, '{NULL,"NULL",a}', '-1 mon +3 days -02:00', '2026-11-22 02:00+01', '2026-02-03', '\x00ff5c27', 0.1::float8 + 0.2, E'back\\slash ''q'' €');
CREATE VIEW zoo_strings AS SELECT 'a\b' AS word, id IS NULL AS gone FROM zoo_values;
COMMENT ON TABLE zoo_values IS E'c\\d''e';
ALTER DATABASE :"database" SET array_nulls = off;
ALTER DATABASE :"database" SET intervalstyle = 'sql_standard';
ALTER DATABASE :"database" SET datestyle = 'German, DMY';
ALTER DATABASE :"database" SET timezone = 'Asia/Tokyo';
ALTER DATABASE :"database" SET bytea_output = 'escape';
ALTER DATABASE :"database" SET extra_float_digits = -5;
ALTER DATABASE :"database" SET standard_conforming_strings = off;
ALTER DATABASE :"database" SET transform_null_equals = on;
ALTER DATABASE :"database" SET xmloption = 'document';
ALTER DATABASE :"database" SET session_replication_role = 'replica';
ALTER DATABASE :"database" SET default_transaction_isolation = 'serializable';
ALTER DATABASE :"database" SET client_encoding = 'LATIN1';
