-- what: a text search dictionary and a collation whose files PostgreSQL's image has no longer
-- made by: administrator
-- 30: failed: the server has what dictionaries and collations need
-- 31: failed
-- 32: refused
-- together: no: no backup of it can be restored

CREATE SCHEMA zoo_files AUTHORIZATION :"owner";
CREATE TEXT SEARCH DICTIONARY zoo_files.synonyms (TEMPLATE = synonym, SYNONYMS = synonym_sample);
CREATE COLLATION zoo_files.sorted (PROVIDER = libc, LOCALE = 'C.UTF-8');
-- good ones
CREATE TEXT SEARCH DICTIONARY zoo_files.good (TEMPLATE = synonym, SYNONYMS = synonym_sample);
CREATE COLLATION zoo_files.good (PROVIDER = libc, LOCALE = 'C.UTF-8');
UPDATE pg_ts_dict SET dictinitoption = 'synonyms = ''zoo_gone''' WHERE oid = 'zoo_files.synonyms'::regdictionary;
UPDATE pg_collation SET collcollate = 'xx_XX.utf8', collctype = 'xx_XX.utf8' WHERE collname = 'sorted';
