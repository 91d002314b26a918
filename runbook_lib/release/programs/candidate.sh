# shellcheck shell=bash disable=SC2034
# One more container of a release's service, next to the live one: without published ports, and under no name that others
# would reach it by. Follows limited.sh.
#   bash -s -- start NAME LIMIT_S COMMAND…     COMMAND starts the container NAME in the background; passes once it is healthy
#   bash -s -- ask NAME PORT HOST PATH         a reply of it: the body, then STATUS SECONDS in a line of its own
#   bash -s -- end NAME                        passes where there is none
# Source: Compose CLI reference, `docker compose run`: neither ports nor the service's name in its networks without an option.

set -uo pipefail
# a container without a health check counts as up when it has run for so long
readonly SETTLE_S=5 SHOWN_LINES=20 MARGIN_S=900

present() { docker ps --all --quiet --no-trunc --filter "name=^/?$1\$"; }

remove() {
    local found tries=0
    while docker rm --force --volumes "$1" >/dev/null 2>&1; found=$(present "$1") || return 1; [[ -n $found ]]; do
        ((tries++ < 150)) || { echo "the candidate is still there: $1" >&2; return 1; }
        sleep 0.2
    done
}

not_up() {
    echo "$2" >&2
    # the last lines are what a message ends with: the reason as the application gives it
    docker logs --tail "$SHOWN_LINES" "$1" >&2 2>&1
    remove "$1"
    exit 1
}

start() {
    local name=$1 limit_s=$2 state began=$SECONDS running=0
    shift 2
    # what a run has left that was killed
    remove "$name" || exit 1
    trap 'remove "$name"; exit 143' TERM INT HUP
    # should this run die, it ends all the same: after the longest that its health and its endpoints are waited for
    LIMIT_S=$((limit_s + MARGIN_S))
    guard "$name"
    "$@" </dev/null >/dev/null || { remove "$name"; exit 1; }
    while state=$(docker inspect --format '{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}unchecked{{end}}' "$name"); do
        case $state in
            'running healthy') exit 0 ;;
            'running unchecked') ((running == 0)) && running=$SECONDS; ((SECONDS - running >= SETTLE_S)) && exit 0 ;;
            'running starting' | created*) ;;
            *) not_up "$name" "the candidate is $state after $((SECONDS - began)) s:" ;;
        esac
        ((SECONDS - began < limit_s)) || not_up "$name" "the candidate is not healthy after $limit_s s:"
        sleep 0.3
    done
    exit 1
}

ask() {
    local name=$1 port=$2 host=$3 path=$4 address scheme status words reply
    address=$(docker inspect --format '{{range .NetworkSettings.Networks}}{{println .IPAddress}}{{end}}' "$name") || exit 1
    address=$(grep -m 1 . <<<"$address") || { echo "the candidate has no address" >&2; exit 1; }
    words=(--silent --show-error --insecure --max-time 10 --max-filesize 20000000 --header "Host: $host" --header 'X-Forwarded-Proto: https'
        --write-out '\n%{http_code} %{time_total}')
    reply=$(mktemp) || exit 1
    trap 'rm -f -- "$reply"' EXIT
    for scheme in https http; do
        curl "${words[@]}" "$scheme://$address:$port$path" >"$reply"
        status=$?
        # no TLS there: it is asked without
        ((status == 35)) || break
    done
    cat -- "$reply"
    exit "$status"
}

verb=$1
shift
case $verb in
    start) start "$@" ;;
    ask) ask "$@" ;;
    end) remove "$1" || exit 1 ;;
esac
exit
