-- what: row level security, plain and FORCE: neither a backup nor a restore may see fewer rows for it
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_rls;
CREATE TABLE zoo_rls.plain (id integer, tenant text);
INSERT INTO zoo_rls.plain VALUES (1, 'a'), (2, 'b');
ALTER TABLE zoo_rls.plain ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON zoo_rls.plain USING (tenant = current_setting('zoo.tenant', true)) WITH CHECK (false);
CREATE TABLE zoo_rls.forced (id integer PRIMARY KEY, tenant text);
INSERT INTO zoo_rls.forced VALUES (1, 'a'), (2, 'b');
CREATE TABLE zoo_rls.refers (id integer REFERENCES zoo_rls.forced);
INSERT INTO zoo_rls.refers VALUES (2);
ALTER TABLE zoo_rls.forced ENABLE ROW LEVEL SECURITY;
ALTER TABLE zoo_rls.forced FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON zoo_rls.forced USING (tenant = 'a');
