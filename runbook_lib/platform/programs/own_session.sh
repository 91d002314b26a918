# shellcheck shell=sh disable=SC2034
# What a session of ours in a foreign PostgreSQL asks for when it begins: PGOPTIONS="$OWN_SESSION". It comes before what a
# role or a database sets for the application: limits that would end it or let it wait for ever, a role of less power, and
# functions of the database's own that come before PostgreSQL's, which a superuser would run.
export PGCONNECT_TIMEOUT=5
readonly OWN_SESSION='-c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=0 -c default_transaction_read_only=on -c search_path=pg_catalog -c role=none -c client_min_messages=warning'
