# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2329
# A container of a foreign image ends on its own after LIMIT_S, should the program that started it have died by then. The
# program that follows sets $LIMIT_S.
#   docker run … --entrypoint sh IMAGE -c "$LIMITED" limited "$LIMIT_S" WORD…
# Not as the container's first process: there, timeout of coreutils 9.10 ends with 125 and not a word. An image without
# timeout has the shell for it; one without a shell is started by its own words, and ended from outside.
readonly LIMITED='
    if command -v timeout >/dev/null 2>&1; then timeout "$@"; exit $?; fi
    limit=$1; shift
    "$@" & child=$!
    (sleep "$limit" && kill -KILL "$child") >/dev/null 2>&1 &
    wait "$child"; exit $?'

# has_no_shell STATUS LOG: whether Docker could not start a container for the want of sh itself: 127 with runc, 125 with crun
has_no_shell() { (($1 == 127 || $1 == 125)) && grep -qE '"sh": executable|file `sh` not found' "$2"; }

# run_limited NAME OPTION… -- IMAGE WORD…: in the background, with its limit
run_limited() {
    local name=$1 options=() status errors
    shift
    while [[ $1 != -- ]]; do options+=("$1"); shift; done
    shift
    errors=$(mktemp -p "$scratch") || return
    docker run --detach --name "$name" "${options[@]}" --entrypoint sh "$1" -c "$LIMITED" limited "$LIMIT_S" "${@:2}" 2>"$errors"
    status=$?
    if has_no_shell "$status" "$errors"; then
        docker rm --force --volumes "$name" >/dev/null 2>&1
        guard "$name"
        docker run --detach --name "$name" "${options[@]}" --entrypoint "$2" "$1" "${@:3}" 2>"$errors"
        status=$?
    fi
    cat "$errors" >&2
    return "$status"
}

# guard NAME: a process of its own, which ends the container NAME after LIMIT_S. It waits for the container as long as the
# program that starts it lives, and 30 s more, then goes by its id: a later one of that name is another run's. On a busy
# server one may begin when its time is over already: for a minute it is waited for all the same, and ended at once. An engine
# that does not answer is not a container that is gone. It is stopped first, as it would be by its owners.
guard() {
    local program='end=$((SECONDS + $1)) lives=$SECONDS
        find() { docker ps --all --quiet --no-trunc --filter "$1"; }
        while id=$(find "name=^/?$2\$"); [ -z "$id" ]; do
            ! kill -0 "$3" || lives=$SECONDS
            ((SECONDS - lives < 30 && SECONDS < end + 60)) || exit
            sleep 0.3
        done
        while ((SECONDS < end)); do
            ! found=$(find "id=$id") || [ -n "$found" ] || exit
            sleep 2
        done
        timeout 120 docker stop "$id"
        for ((tries = 0; tries < 150; tries++)); do
            docker rm --force --volumes "$id"
            ! found=$(find "id=$id") || [ -n "$found" ] || exit
            sleep 2
        done'
    setsid bash -c "$program" guard "$LIMIT_S" "$1" "$$" </dev/null >/dev/null 2>&1 &
}
