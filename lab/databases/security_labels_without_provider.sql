-- what: a security label whose provider is loaded no longer
-- made by: administrator
-- 30: warning: a restore can set every security label
-- 31: failed
-- 32: refused
-- together: no: no backup of it can be restored

CREATE SCHEMA zoo_labels AUTHORIZATION :"owner";
CREATE TABLE zoo_labels.people (name text);
ALTER TABLE zoo_labels.people OWNER TO :"owner";
INSERT INTO pg_seclabel VALUES ('zoo_labels.people'::regclass, 'pg_class'::regclass, 1, 'anon', 'MASKED WITH VALUE NULL');
