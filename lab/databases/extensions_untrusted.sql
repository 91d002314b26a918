-- what: extensions that only a superuser makes, in a schema of their own
-- made by: administrator
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_untrusted;
CREATE EXTENSION pg_stat_statements SCHEMA zoo_untrusted;
CREATE EXTENSION pageinspect SCHEMA zoo_untrusted;
COMMENT ON EXTENSION pageinspect IS 'for looking into a broken page';
GRANT SELECT ON zoo_untrusted.pg_stat_statements TO :"owner";
