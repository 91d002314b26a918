# shellcheck shell=bash
# One migration in a one-off container, with a limit on its waits for locks that holds whatever its driver reads. Follows
# own_session.sh:
#   bash -s -- run PROJECT SERVICE DATABASE USER LIMIT_S NAME COMMAND…    COMMAND starts the container NAME, in the foreground
#   bash -s -- stop PROJECT SERVICE DATABASE USER LIMIT_S NAME            end what a stopped run left of it
# PGOPTIONS reaches drivers that are built on libpq; asyncpg and others do not read it. So PostgreSQL is asked from outside
# as well, once a second, and a session of this container that has waited too long is canceled.

set -uo pipefail

postgres() {
    docker ps --quiet --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.service=$service" \
        --filter label=com.docker.compose.oneoff=False | head -n 1
}

addresses() {
    docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' "$name" 2>/dev/null | xargs | tr ' ' ','
}

# sessions FUNCTION CONDITION: call a function of PostgreSQL on this container's sessions; prints what it was called on.
sessions() {
    local from server
    from=$(addresses)
    server=$(postgres)
    [[ -n $from && -n $server ]] || return 0
    docker exec --env "PGOPTIONS=$OWN_SESSION" --env PGCONNECT_TIMEOUT=5 "$server" psql -XqAt -U "$user" -d "$database" -c "SELECT coalesce(relation::regclass::text, locktype, 'a session')
        FROM pg_stat_activity AS a LEFT JOIN pg_locks AS l ON l.pid = a.pid AND NOT l.granted
        WHERE a.client_addr = ANY ('{$from}'::inet[]) AND $2 AND $1(a.pid)" </dev/null
}

# present OPTION…: the container's id, or nothing; fails where the engine does not answer, which is not an absent container
present() { docker ps --all --quiet --no-trunc --filter "name=^/?$name\$" "$@"; }

remove() {
    local found tries=0
    # one that the engine is removing already keeps its name for a moment, and ours would not start
    while docker rm --force "$name" >/dev/null 2>&1; found=$(present) || return 1; [[ -n $found ]]; do
        ((tries++ < 150)) || { echo "the one-off container of the migration is still there: $name" >&2; return 1; }
        sleep 0.2
    done
}

stop_container() {
    local found
    found=$(present) || return 1
    [[ -n $found ]] || return 0
    # first its sessions: PostgreSQL notices that a client is gone only when it has something to tell it
    sessions pg_terminate_backend true >/dev/null 2>&1
    remove || return 1
    echo "the one-off container of the migration was stopped: its transaction is rolled back" >&2
}

# What a run left that was killed: while it works it is waited for, and said so; two migrations never run at once.
wait_for_earlier() {
    local found
    found=$(present) || exit 1
    [[ -n $found ]] || return 0
    while found=$(present --filter status=running) || exit 1; [[ -n $found ]]; do
        echo "a migration of an earlier run is still running in $name: waiting for its end" >&2
        docker wait "$name" >/dev/null 2>&1 || sleep 1
    done
    remove || exit 1
}

watch_locks() {
    local waited
    while kill -0 "$1" 2>/dev/null; do
        waited=$(sessions pg_cancel_backend "l.waitstart < clock_timestamp() - interval '$limit_s s'" 2>/dev/null)
        [[ -z $waited ]] || echo "canceled: the migration waited more than $limit_s s for a lock on $waited" >&2
        sleep 1
    done
}

run() {
    local child status
    wait_for_earlier
    trap 'stop_container; exit 143' TERM INT HUP
    "$@" </dev/null &
    child=$!
    watch_locks "$child" &
    # a trap runs only between commands, and during `wait`
    wait "$child"
    status=$?
    wait
    exit "$status"
}

verb=$1 project=$2 service=$3 database=$4 user=$5 limit_s=$6 name=$7
shift 7
case $verb in
    run) run "$@" ;;
    stop) stop_container || exit 1 ;;
esac
exit
