# shellcheck shell=bash disable=SC2034
# One migration in a one-off container, with a limit on its waits for locks that holds whatever its driver reads. Follows
# own_session.sh and sessions.sh:
#   bash -s -- run PROJECT SERVICE DATABASE USER LIMIT_S NAME OPTIONS COUNT ASK… COMMAND…
#       COMMAND starts the container NAME, in the foreground, with the variable PGOPTIONS of this program: OPTIONS, after
#       those that the service has, which ASK prints in COUNT words
#   bash -s -- stop PROJECT SERVICE DATABASE USER LIMIT_S NAME            end what a stopped run left of it
# PGOPTIONS reaches drivers that are built on libpq; asyncpg and others do not read it. So PostgreSQL is asked from outside
# as well, once a second, and a session of this container that has waited too long is canceled. A pooler refuses a session
# with options: the command is then run again without ours. Its sessions are not distinct from users' there, and none is canceled.

set -uo pipefail

# present OPTION…: the container's id, or nothing; fails where the engine does not answer, which is not an absent container
present() { docker ps --all --quiet --no-trunc --filter "name=^/?$name\$" "$@"; }

remove() {
    local found tries=0
    # one that the engine is removing already keeps its name for a moment, and ours would not start
    while docker rm --force --volumes "$name" >/dev/null 2>&1; found=$(present) || return 1; [[ -n $found ]]; do
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
    local asked=0 seen=
    while kill -0 "$1" 2>/dev/null; do
        cancel_waits 'the migration'
        [[ -n $seen ]] || seen=$(sessions "0 <" true 2>/dev/null)
        ((++asked))
        sleep 1
    done
    # one that ended at once may have had some between two questions
    [[ -n $seen ]] || ((asked <= limit_s)) || echo "PostgreSQL showed no session of the migration, perhaps because a pooler stands in between: none could be canceled that waited for a lock" >&2
}

# with_options OPTIONS COUNT ASK… COMMAND…: sets PGOPTIONS and $words, the command. Options that are given replace the
# service's own: where those cannot be read, none are given.
with_options() {
    local ours=$1 count=$2 own
    shift 2
    words=("${@:count+1}")
    # what a stopped run has left keeps its name, and ours would not start
    docker rm --force --volumes "$name-options" >/dev/null 2>&1
    if own=$("${@:1:count}" </dev/null) && [[ $own == PGOPTIONS=* ]]; then
        own=${own#PGOPTIONS=}
        export PGOPTIONS="${own:+$own }$ours"
        return
    fi
    echo "the PGOPTIONS of the service cannot be read, and stay: waits for locks are canceled from outside alone" >&2
    without_options
}

# without_options: the command gives the container no PGOPTIONS; those that the service has stay
without_options() {
    local count
    unset PGOPTIONS
    for ((count = 1; count < ${#words[@]}; count++)); do
        [[ ${words[count - 1]} == --env && ${words[count]} == PGOPTIONS ]] || continue
        words=("${words[@]:0:count-1}" "${words[@]:count+1}")
        return
    done
}

# refused_options: what was printed says that a session may have none. Source: PgBouncer, src/client.c, until and since its
# version 1.20; Amazon RDS Proxy's manual, limitations.
refused_options() {
    grep -qsE "unsupported startup parameter: options|unsupported startup parameter in options|unsupported options startup parameter|support command-line options" \
        -- "$work/printed"
}

# once: the command, to its end; sets $status. What it prints is kept as well, both streams apart on their way.
once() {
    local child
    if [[ -n $work ]]; then
        rm -f -- "$work/status"
        {
            {
                "${words[@]}" </dev/null 2>&1 1>&3 3>&-
                echo "$?" >"$work/status"
            } | tee -a -- "$work/printed" >&2
        } 3>&1 | tee -a -- "$work/printed" &
    else
        "${words[@]}" </dev/null &
    fi
    child=$!
    watch_locks "$child" &
    # a trap runs only between commands, and during `wait`
    wait "$child"
    status=$?
    wait
    [[ -z $work ]] || status=$(cat -- "$work/status" 2>/dev/null) && [[ -n $status ]] || status=1
}

run() {
    local status words=() work
    wait_for_earlier
    # a full disk keeps no migration from its end; it is only not tried again then
    work=$(mktemp -d) || work=
    trap 'rm -rf -- ${work:+"$work"}' EXIT
    with_options "$@"
    name_blindness 'the migration'
    trap 'stop_container; exit 143' TERM INT HUP
    once
    if ((status)) && [[ -n ${PGOPTIONS+given} && -n $work ]] && refused_options; then
        echo "what stands between the migration and PostgreSQL, a pooler as it seems, takes no session with options: again without ours. Nothing limits its waits for locks then but the end of the step, and users wait behind it" >&2
        remove || exit 1
        without_options
        once
    fi
    exit "$status"
}

verb=$1 project=$2 service=$3 database=$4 user=$5 limit_s=$6 name=$7
shift 7
case $verb in
    run) run "$@" ;;
    stop) stop_container || exit 1 ;;
esac
exit
