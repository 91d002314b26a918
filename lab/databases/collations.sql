-- what: collations of libc and ICU, one that is not deterministic, columns and indexes that use them
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_collations;
CREATE COLLATION zoo_collations.numeric (PROVIDER = icu, LOCALE = 'en-u-kn-true');
CREATE COLLATION zoo_collations.any_case (PROVIDER = icu, LOCALE = 'und-u-ks-level2', DETERMINISTIC = false);
CREATE COLLATION zoo_collations.plain FROM "C";
CREATE TABLE zoo_collations.words (
    id integer PRIMARY KEY,
    file text COLLATE zoo_collations.numeric,
    mail text COLLATE zoo_collations.any_case UNIQUE,
    code text COLLATE "POSIX"
);
INSERT INTO zoo_collations.words VALUES (1, 'a10', 'A@b.de', 'x'), (2, 'a9', 'c@b.de', 'y');
CREATE INDEX ON zoo_collations.words (code COLLATE zoo_collations.plain DESC NULLS LAST);
