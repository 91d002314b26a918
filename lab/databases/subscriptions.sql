-- what: a subscription to another database: after a restore it exists and is disabled
-- made by: administrator
-- 30: warning: everything works again after a restore
-- 31: passed
-- 32: passed
-- together: yes

CREATE SUBSCRIPTION zoo_subscription CONNECTION 'host=192.0.2.1 dbname=other' PUBLICATION p
    WITH (connect = false, enabled = false, slot_name = NONE, create_slot = false);
