#!/bin/bash
# First start: initdb from POSTGRES_USER, POSTGRES_DB, POSTGRES_PASSWORD (each also as _FILE), then the scripts of
# /docker-entrypoint-initdb.d. Later starts: the server alone.
set -euo pipefail

from_file() {
  local name=$1 file_name="$1_FILE"
  if [ -n "${!file_name:-}" ]; then
    if [ -n "${!name:-}" ]; then echo "error: both $name and $file_name are set" >&2; exit 1; fi
    printf -v "$name" '%s' "$(<"${!file_name}")"
    export "${name?}"
    unset "$file_name"
  fi
}

# shellcheck disable=SC1090  # which scripts there are is the user's choice
run_script() {
  case $1 in
    *.sh)     echo "$0: running $1"; if [ -x "$1" ]; then "$1"; else . "$1"; fi ;;
    *.sql)    echo "$0: running $1"; ask_local --file "$1" ;;
    *.sql.gz) echo "$0: running $1"; gunzip -c "$1" | ask_local ;;
    *)        echo "$0: ignoring $1" ;;
  esac
}

ask_local() {
  PGHOST='' PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --no-password --no-psqlrc \
    --username "$POSTGRES_USER" --dbname "${dbname:-$POSTGRES_DB}" "$@"
}

initialise() {
  if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
    echo "error: no database yet, and POSTGRES_PASSWORD (or POSTGRES_PASSWORD_FILE) is not set" >&2
    exit 1
  fi
  local arguments=()
  read -r -a arguments <<< "${POSTGRES_INITDB_ARGS:-}"
  initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "${POSTGRES_PASSWORD:-}") "${arguments[@]}"
  local method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
  printf '\nhost all all all %s\n' "$method" >> "$PGDATA/pg_hba.conf"

  # only the local socket answers while the first scripts run
  pg_ctl -D "$PGDATA" -o "$(printf '%q ' "${@:2}" -c listen_addresses= -p 5432)" -w start
  if [ "$POSTGRES_DB" != postgres ]; then
    dbname=postgres ask_local --set db="$POSTGRES_DB" <<< 'CREATE DATABASE :"db";'
  fi
  local script
  for script in /docker-entrypoint-initdb.d/*; do
    if [ -e "$script" ]; then run_script "$script"; fi
  done
  pg_ctl -D "$PGDATA" -m fast -w stop
  echo "PostgreSQL init process complete; ready for start up."
}

if [ "${1:0:1}" = '-' ]; then set -- postgres "$@"; fi

if [ "${1:-}" = postgres ]; then
  if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA" && chmod 0700 "$PGDATA"
    find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
    chown postgres /var/run/postgresql 2>/dev/null || true
    exec gosu postgres "${BASH_SOURCE[0]}" "$@"
  fi
  from_file POSTGRES_PASSWORD
  from_file POSTGRES_USER
  from_file POSTGRES_DB
  from_file POSTGRES_INITDB_ARGS
  : "${POSTGRES_USER:=postgres}" "${POSTGRES_DB:=$POSTGRES_USER}"
  export POSTGRES_USER POSTGRES_DB PGPASSWORD="${POSTGRES_PASSWORD:-}"
  if [ ! -s "$PGDATA/PG_VERSION" ]; then initialise "$@"; fi
  unset PGPASSWORD
fi

exec "$@"
