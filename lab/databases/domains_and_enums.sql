-- what: domains over domains with CHECK and NOT NULL, enums that were extended in the middle, ranges of one's own
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_domains;
CREATE DOMAIN zoo_domains.positive AS integer DEFAULT 1 CHECK (VALUE > 0);
CREATE DOMAIN zoo_domains.small AS zoo_domains.positive NOT NULL CONSTRAINT not_too_large CHECK (VALUE < 100);
CREATE TYPE zoo_domains.mood AS ENUM ('sad', 'happy');
ALTER TYPE zoo_domains.mood ADD VALUE 'it''s ok' BEFORE 'happy';
CREATE TYPE zoo_domains.spans AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
CREATE TABLE zoo_domains.things (
    id zoo_domains.small PRIMARY KEY,
    mood zoo_domains.mood DEFAULT 'happy',
    span zoo_domains.spans,
    EXCLUDE USING gist (span WITH &&)
);
INSERT INTO zoo_domains.things VALUES (1, 'sad', '[1,2)'), (2, 'it''s ok', 'empty');
