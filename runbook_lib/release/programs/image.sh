# shellcheck shell=bash
# An image of a release, built or pulled in the foreground; what it started on the engine ends with it:
#   bash -s -- build MARK CHECKOUT TREE docker build …    from a folder of a commit; the words name `--add-host MARK:…`
#   bash -s -- pull IMAGE
#   bash -s -- stop MARK [IMAGE…]                         end what a stopped run left of it; passes where nothing is left
# The engine builds, not the client: a client that is gone stops a build, but not at once, and a client that lives on when
# its job was killed goes on building. MARK is an address of no use, by which the containers of a build are known.

set -uo pipefail
readonly SETTLE_S=30

# processes PATTERN: clients of ours by their whole command line; this program's own begins with another word
processes() { pgrep -u "$(id -u)" -f "^[^ ]*docker[^ ]* $1"; }

# shellcheck disable=SC2016
escaped() { printf %s "$1" | sed 's/[][\.*^$()+?{}|]/\\&/g'; }

containers() {
    docker ps --all --quiet --no-trunc | xargs -r docker inspect --format '{{.Id}} {{json .HostConfig.ExtraHosts}}' 2>/dev/null \
        | grep -F "\"$mark:" | cut -d ' ' -f 1
}

# end_clients PATTERN: a client that is asked to end tells the engine so; one that does not end is killed
end_clients() {
    local pid deadline=$((SECONDS + SETTLE_S / 3))
    while pid=$(processes "$1"); do
        # shellcheck disable=SC2086
        if ((SECONDS < deadline)); then kill -TERM $pid 2>/dev/null; else kill -KILL $pid 2>/dev/null; fi
        sleep 0.2
    done
}

# end_build SECONDS: waits so long for the engine to end the build's step, then ends it
end_build() {
    local left found deadline=$((SECONDS + $1))
    found=$(containers)
    end_clients ".*--add-host $(escaped "$mark"):"
    while left=$(containers) && ((SECONDS < deadline)); do sleep 0.2; done
    # shellcheck disable=SC2086
    [[ -z $left ]] || docker rm --force $left >/dev/null 2>&1
    left=$(containers) && { echo "a build is still running on the engine, in ${left//$'\n'/ }" >&2; return 1; }
    [[ -z $found ]] || echo "the build was stopped on the engine, in ${found:0:12}: no image of it was made" >&2
}

build() {
    local checkout=$1 tree=$2 child status
    shift 2
    # less than a job's supervisor waits before it kills
    trap 'end_build 1; exit 143' TERM INT HUP
    (git -C "$checkout" archive "$tree" | "$@") &
    child=$!
    # a trap runs only between commands, and during `wait`
    wait "$child"
    status=$?
    exit "$status"
}

pull() {
    local child
    trap 'end_clients "pull --quiet $(escaped "$1")\$"; echo "the pull of $1 was stopped" >&2; exit 143' TERM INT HUP
    docker pull --quiet "$1" &
    child=$!
    wait "$child"
    exit $?
}

stop() {
    local image
    # an engine that does not answer is not an engine without a build
    docker version >/dev/null || exit 1
    for image; do end_clients "pull --quiet $(escaped "$image")\$"; done
    end_build "$SETTLE_S" || exit 1
}

verb=$1
shift
case $verb in
    build) mark=$1; shift; build "$@" ;;
    pull) pull "$@" ;;
    stop) mark=$1; shift; stop "$@" ;;
esac
exit
