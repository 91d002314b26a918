# shellcheck shell=bash disable=SC2034,SC2329
# One more container of a release's service, next to the live one: without published ports, and under no name that others
# would reach it by. Follows own_session.sh, sessions.sh, limited.sh and
# ask_container.sh.
#   bash -s -- start PROJECT SERVICE DATABASE USER LOCK_S NAME LIMIT_S GUARD_S COMMAND…
#                                          COMMAND starts the container NAME in the background; passes once it is healthy
#   bash -s -- state PROJECT SERVICE DATABASE USER LOCK_S NAME     STATE HEALTH EXIT_CODE, or absent; then its last lines
#   bash -s -- ask NAME PORT HOST PATH     a reply of it: the body, then STATUS SECONDS in a line of its own
#   bash -s -- end NAME                    passes where there is none
# SERVICE is PostgreSQL's: a session of the candidate that waits LOCK_S for a lock is canceled, as a migration's is.
# Source: Compose CLI reference, `docker compose run`: neither ports nor the service's name in its networks without an option.

set -uo pipefail
# a container without a health check counts as up when it has run for so long; to stop, it has at most STOP_S
readonly SETTLE_S=5 SHOWN_LINES=40 STOP_S=120
readonly FORM='{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}unchecked{{end}} {{.State.ExitCode}}'
readonly CHECKS='{{if .State.Health}}{{range .State.Health.Log}}health check, exit code {{.ExitCode}}: {{.Output}}
{{end}}{{end}}'

present() { docker ps --all --quiet --no-trunc --filter "name=^/?$1\$"; }

# stopped first, as its service is: it may finish what it has begun
remove() {
    local found tries=0
    found=$(present "$1") || return 1
    [[ -n $found ]] || return 0
    timeout "$STOP_S" docker stop "$1" >/dev/null 2>&1
    while docker rm --force --volumes "$1" >/dev/null 2>&1; found=$(present "$1") || return 1; [[ -n $found ]]; do
        ((tries++ < 150)) || { echo "the candidate is still there: $1" >&2; return 1; }
        sleep 0.2
    done
}

not_up() {
    local logged
    echo "$1" >&2
    docker inspect --format "$CHECKS" "$name" >&2 2>/dev/null
    # the last line is what a message ends with: what was raised, where access lines follow a traceback
    logged=$(docker logs --tail "$SHOWN_LINES" "$name" 2>&1)
    printf '%s\n' "$logged" >&2
    awk '/Traceback \(most recent call last\)/ { tracing = 1; next }
         tracing && /^[^ \t]/ { raised = $0; tracing = 0 }
         END { if (raised != "" && raised != $0) print raised }' <<<"$logged" >&2
    remove "$name"
    exit 1
}

start() {
    local wait_s=$1 state began=$SECONDS running=0 asked=0
    LIMIT_S=$2
    shift 2
    # what a run has left that was killed
    remove "$name" || exit 1
    trap 'remove "$name"; exit 143' TERM INT HUP
    # should this run die, it ends all the same
    guard "$name"
    name_blindness 'the candidate'
    "$@" </dev/null >/dev/null || { remove "$name"; exit 1; }
    while state=$(docker inspect --format "$FORM" "$name"); do
        case $state in
            'running healthy '*) exit 0 ;;
            'running unchecked '*) ((running == 0)) && running=$SECONDS; ((SECONDS - running >= SETTLE_S)) && exit 0 ;;
            'running starting '* | created*) ;;
            *) not_up "the candidate is ${state% *} after $((SECONDS - began)) s:" ;;
        esac
        ((SECONDS - began < wait_s)) || not_up "the candidate is not healthy after $wait_s s:"
        ((SECONDS == asked)) || { asked=$SECONDS; cancel_waits 'the candidate'; }
        sleep 0.3
    done
    exit 1
}

state() {
    local found
    found=$(present "$name") || exit 1
    [[ -n $found ]] || { echo absent; return; }
    cancel_waits 'the candidate'
    docker inspect --format "$FORM" "$name" || exit 1
    # not every log driver can be read
    docker logs --tail "$SHOWN_LINES" "$name" 2>&1 || true
}

end() {
    # what it has logged is gone with it
    docker logs --tail "$SHOWN_LINES" "$1" 2>&1 | grep -v '^Error.*No such container'
    remove "$1" || exit 1
}

verb=$1
shift
case $verb in
    start | state) project=$1 service=$2 database=$3 user=$4 limit_s=$5 name=$6; shift 6; "$verb" "$@" ;;
    ask) ask "$@" ;;
    end) end "$1" ;;
esac
exit
