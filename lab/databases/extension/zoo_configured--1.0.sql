CREATE TABLE settings (id serial PRIMARY KEY, name text UNIQUE, value text, shipped boolean DEFAULT false);
SELECT pg_catalog.pg_extension_config_dump('settings', 'WHERE NOT shipped');
SELECT pg_catalog.pg_extension_config_dump('settings_id_seq', '');
