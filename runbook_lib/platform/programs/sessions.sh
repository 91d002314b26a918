# shellcheck shell=bash disable=SC2154
# The sessions that one container has in PostgreSQL, seen and ended from outside, whatever its driver reads. Follows
# own_session.sh; the program that follows sets $project, $service (PostgreSQL's), $database, $user, $limit_s and $name, the
# container. A session is known by the container's address. Behind a pooler, which has an address of its own, none is known:
# an application_name would not do, for a pooler of transactions hands the session on under it, to users whose driver names none.

postgres() {
    docker ps --quiet --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.service=$service" \
        --filter label=com.docker.compose.oneoff=False | head -n 1
}

# an engine since 29 shows an address that there is not as a text
addresses() {
    docker inspect --format '{{range .NetworkSettings.Networks}}{{println .IPAddress}}{{println .GlobalIPv6Address}}{{end}}' "$name" 2>/dev/null \
        | grep -E '^[0-9a-fA-F]*[.:][0-9a-fA-F.:]*$' | paste -sd,
}

# As the superuser, where one may log in: other roles see nothing of sessions that are not their own, and a migration may log
# in as another role than the one that owns the database. facts/restore_databases.py finds it in the same way.
# shellcheck disable=SC2016
readonly AS_ADMINISTRATOR='user=$1; shift
for one in postgres "$user"; do
    role=$(psql -XqAt -U "$one" -d template1 -c "SELECT rolname FROM pg_roles WHERE rolsuper AND rolcanlogin
        ORDER BY rolname <> current_user, oid LIMIT 1" 2>/dev/null </dev/null) && [ -n "$role" ] && break
done
exec psql -XqAt -U "${role:-$user}" "$@"'

# ask_postgres SQL: nothing, and a failure, where no PostgreSQL runs
ask_postgres() {
    local server
    server=$(postgres)
    [[ -n $server ]] || return 1
    docker exec --env "PGOPTIONS=$OWN_SESSION" --env PGCONNECT_TIMEOUT=5 "$server" sh -c "$AS_ADMINISTRATOR" as-administrator "$user" \
        -d "$database" -c "$1" </dev/null
}

# matching: SQL that holds for this container's sessions `a`; fails where it has no address
matching() {
    local from
    from=$(addresses)
    [[ -n $from ]] && printf "a.client_addr = ANY ('{%s}'::inet[])" "$from"
}

# sessions FUNCTION CONDITION: call a function of PostgreSQL on this container's sessions; prints what it was called on.
# OFFSET 0: they are found before it is called. PostgreSQL may else call it first, on sessions that do not wait, and where the
# container has three addresses or more on everybody's.
sessions() {
    local ours
    ours=$(matching) || return 0
    ask_postgres "SELECT what FROM (
        SELECT a.pid, coalesce(relation::regclass::text, locktype, 'a session') AS what
        FROM pg_stat_activity AS a LEFT JOIN pg_locks AS l ON l.pid = a.pid AND NOT l.granted
        WHERE $ours AND $2 OFFSET 0) AS found WHERE $1(pid)"
}

# cancel_waits WHOSE: what has waited more than $limit_s s for a lock is canceled, and reported
cancel_waits() {
    local waited long
    [[ -n ${knows_since-} ]] || knows_since=$(ask_postgres "SELECT current_setting('server_version_num')::int >= 140000" 2>/dev/null)
    if [[ $knows_since == f ]]; then
        long=$(waiting_throughout)
        [[ -n $long ]] || return 0
        waited=$(sessions pg_cancel_backend "l.pid = ANY ('{$long}')" 2>/dev/null)
    else
        waited=$(sessions pg_cancel_backend "l.waitstart < clock_timestamp() - interval '$limit_s s'" 2>/dev/null)
    fi
    [[ -z $waited ]] || echo "canceled: $1 waited more than $limit_s s for a lock on $waited" >&2
}

# waiting_throughout: the sessions that wait for one and the same lock whenever they are asked, for $limit_s s; before its
# version 14 PostgreSQL does not show since when. At once where none waits.
waiting_throughout() {
    local left now asked
    waiting() {
        local ours
        ours=$(matching) && ask_postgres "SELECT concat_ws(' ', a.pid, locktype, l.database, relation, page, tuple, virtualxid,
            transactionid, l.classid, l.objid, l.objsubid) FROM pg_stat_activity AS a JOIN pg_locks AS l ON l.pid = a.pid AND NOT l.granted
            WHERE $ours" 2>/dev/null | LC_ALL=C sort
    }
    for ((asked = 0; asked <= limit_s; asked++)); do
        now=$(waiting)
        left=$(if ((asked)); then LC_ALL=C comm -12 <(printf '%s\n' "$left") <(printf '%s\n' "$now"); else printf '%s\n' "$now"; fi)
        [[ -n $left ]] || return 0
        ((asked == limit_s)) || sleep 1
    done
    cut -d' ' -f1 <<<"$left" | paste -sd,
}

# name_blindness WHOSE: says so where PostgreSQL shows us the sessions of one role alone
name_blindness() {
    local all
    all=$(ask_postgres "SELECT rolsuper OR pg_has_role('pg_read_all_stats', 'USAGE') AND pg_has_role('pg_signal_backend', 'USAGE')
        FROM pg_roles WHERE rolname = current_user" 2>/dev/null)
    [[ $all != f ]] || echo "no superuser may log in, and $user sees no session of another role: where $1 logs in as one, its waits for locks are not canceled" >&2
}
