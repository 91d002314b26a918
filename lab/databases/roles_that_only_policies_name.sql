-- what: roles that own nothing and may do nothing: only policies name them
-- made by: administrator
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE ROLE zoo_tenant; CREATE ROLE "zoo Tenant 2";
CREATE SCHEMA zoo_policies AUTHORIZATION :"owner";
CREATE TABLE zoo_policies.things (id integer, tenant text);
INSERT INTO zoo_policies.things VALUES (1, 'a');
ALTER TABLE zoo_policies.things OWNER TO :"owner";
ALTER TABLE zoo_policies.things ENABLE ROW LEVEL SECURITY;
CREATE POLICY one ON zoo_policies.things AS RESTRICTIVE FOR SELECT TO zoo_tenant, "zoo Tenant 2" USING (tenant = current_user);
