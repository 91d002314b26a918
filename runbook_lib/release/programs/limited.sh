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

# has_no_shell STATUS LOG: whether Docker could not start a container for the want of sh itself
has_no_shell() { (($1 == 127)) && grep -qE '"sh": executable|file `sh` not found' "$2"; }

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
        docker rm --force "$name" >/dev/null 2>&1
        guard "$name"
        docker run --detach --name "$name" "${options[@]}" --entrypoint "$2" "$1" "${@:3}" 2>"$errors"
        status=$?
    fi
    cat "$errors" >&2
    return "$status"
}

# guard NAME: a process of its own, which ends with the container; one that does not begin within 30 s is not waited for
guard() {
    local program='end=$((SECONDS + $1)) begun=$((SECONDS + 30))
        until docker inspect "$2" || ((SECONDS > begun)); do sleep 0.3; done
        while ((SECONDS < end)) && docker inspect "$2"; do sleep 2; done
        docker rm --force --volumes "$2"'
    setsid bash -c "$program" guard "$LIMIT_S" "$1" </dev/null >/dev/null 2>&1 &
}
