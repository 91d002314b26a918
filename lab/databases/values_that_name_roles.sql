-- what: roles that only values name: columns of regrole and of access lists, as an audit keeps them
-- made by: administrator
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE ROLE zoo_only_a_value; CREATE ROLE "Zoo ""value""";
CREATE SCHEMA zoo_role_values AUTHORIZATION :"owner";
CREATE TABLE zoo_role_values.audit (who regrole, rights aclitem[]);
INSERT INTO zoo_role_values.audit VALUES ('zoo_only_a_value', ARRAY[makeaclitem('"Zoo ""value"""'::regrole, 10, 'SELECT', false)]), (NULL, '{}');
ALTER TABLE zoo_role_values.audit OWNER TO :"owner";
