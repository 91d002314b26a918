#!/bin/bash
# Runs once, when the database is made. In `postgres` and not in the application's database: a dump of that would hold an
# extension that its owner cannot create, and each restore would need the superuser for it.
set -euo pipefail

psql --no-psqlrc --set ON_ERROR_STOP=1 --quiet --username "${POSTGRES_USER:-postgres}" --dbname postgres \
    --command 'CREATE EXTENSION IF NOT EXISTS pg_stat_statements'
