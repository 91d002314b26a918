# shellcheck shell=bash disable=SC2154
# The sessions that one container has in PostgreSQL, seen and ended from outside, whatever its driver reads. Follows
# own_session.sh; the program that follows sets $project, $service (PostgreSQL's), $database, $user, $limit_s and $name, the
# container.

postgres() {
    docker ps --quiet --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.service=$service" \
        --filter label=com.docker.compose.oneoff=False | head -n 1
}

# an engine since 29 shows an address that there is not as a text
addresses() {
    docker inspect --format '{{range .NetworkSettings.Networks}}{{println .IPAddress}}{{println .GlobalIPv6Address}}{{end}}' "$name" 2>/dev/null \
        | grep -E '^[0-9a-fA-F]*[.:][0-9a-fA-F.:]*$' | paste -sd,
}

# sessions FUNCTION CONDITION: call a function of PostgreSQL on this container's sessions; prints what it was called on.
# OFFSET 0: they are found before it is called. PostgreSQL may else call it first, on sessions that do not wait, and where the
# container has three addresses or more on everybody's.
sessions() {
    local from server
    from=$(addresses)
    server=$(postgres)
    [[ -n $from && -n $server ]] || return 0
    docker exec --env "PGOPTIONS=$OWN_SESSION" --env PGCONNECT_TIMEOUT=5 "$server" psql -XqAt -U "$user" -d "$database" -c "SELECT what FROM (
        SELECT a.pid, coalesce(relation::regclass::text, locktype, 'a session') AS what
        FROM pg_stat_activity AS a LEFT JOIN pg_locks AS l ON l.pid = a.pid AND NOT l.granted
        WHERE a.client_addr = ANY ('{$from}'::inet[]) AND $2 OFFSET 0) AS found WHERE $1(pid)" </dev/null
}

# cancel_waits WHOSE: what has waited more than $limit_s s for a lock is canceled, and reported
cancel_waits() {
    local waited
    waited=$(sessions pg_cancel_backend "l.waitstart < clock_timestamp() - interval '$limit_s s'" 2>/dev/null)
    [[ -z $waited ]] || echo "canceled: $1 waited more than $limit_s s for a lock on $waited" >&2
}
