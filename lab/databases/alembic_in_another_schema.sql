-- what: alembic's version table in another schema than public, with two heads
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: no: the application's own table is in the way

CREATE SCHEMA versions;
CREATE TABLE versions.alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO versions.alembic_version VALUES ('abc123'), ('def456');
CREATE TABLE things (id integer PRIMARY KEY);
