#!/bin/bash
# Runs once, when the database is made: each role gets what it needs and no more.
#   staging_user  owns staging_db and nothing else; no superuser, cannot make databases or roles
#   gw2_monitor   reads statistics for the exporter, no tables
# To change a password later: put the new one into .env.secrets, then ALTER ROLE … PASSWORD over the container's socket.
set -euo pipefail

# psql reads the passwords from its environment: the process list never shows them.
psql --no-psqlrc --set ON_ERROR_STOP=1 --quiet --username "${POSTGRES_USER:-postgres}" --dbname staging_db <<'SQL'
\getenv application_password STAGING_DB_PASSWORD
\getenv monitor_password STAGING_DB_MONITOR_PASSWORD
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';

CREATE ROLE staging_user LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'application_password';
ALTER DATABASE staging_db OWNER TO staging_user;
ALTER SCHEMA public OWNER TO staging_user;
REVOKE ALL ON DATABASE staging_db FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;

CREATE ROLE gw2_monitor LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT 5 PASSWORD :'monitor_password';
GRANT pg_monitor TO gw2_monitor;
GRANT CONNECT ON DATABASE staging_db TO gw2_monitor;
ALTER ROLE gw2_monitor SET default_transaction_read_only = on;
SQL
