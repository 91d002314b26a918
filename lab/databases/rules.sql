-- what: rules with several actions, conditional rules, a view with rules, a rule that is disabled
-- made by: owner
-- 30: passed
-- 31: passed
-- 32: passed
-- together: yes

CREATE SCHEMA zoo_rules;
CREATE TABLE zoo_rules.a (id integer);
CREATE TABLE zoo_rules.log (id integer, what text);
CREATE RULE twice AS ON INSERT TO zoo_rules.a DO ALSO (INSERT INTO zoo_rules.log VALUES (NEW.id, 'first'); INSERT INTO zoo_rules.log VALUES (NEW.id, 'second; with semicolon'));
CREATE VIEW zoo_rules.v AS SELECT id FROM zoo_rules.a;
CREATE RULE "insert here" AS ON INSERT TO zoo_rules.v DO INSTEAD INSERT INTO zoo_rules.a VALUES (NEW.id) RETURNING id;
CREATE RULE off AS ON DELETE TO zoo_rules.a WHERE OLD.id > 5 DO INSTEAD NOTHING;
ALTER TABLE zoo_rules.a DISABLE RULE off;
INSERT INTO zoo_rules.v VALUES (1);
