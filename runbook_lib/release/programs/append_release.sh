# shellcheck shell=sh
# sh -ec … append-release HISTORY LOCK PROJECT RECORD, with {"by": …, "reason": …} on standard input: append the release to
# the history. Times and the run come from the server's clock and lock. The braces where the objects meet are removed.
record=${4#?}; record=${record%?}
read -r who
run=$(sed -n 's/.*"run_id": *"\([A-Za-z0-9-]*\)".*/\1/p' "$2")
# This line is written last: the release began with the first container that was made under this lock. The lock is as old
# as its holder, whose birth is counted in hundredths of a second since the system's start.
first_made() {
    ticks=$(sed -n 's/.*"born": *\([0-9][0-9]*\).*/\1/p' "$1")
    [ -n "$ticks" ] || return 0
    locked=$(awk -v now="$(date +%s)" -v ticks="$ticks" '{ printf "%d", now - $1 + ticks / 100 }' /proc/uptime)
    docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$2" \
        --filter label=com.docker.compose.oneoff=False | xargs -r docker inspect --format '{{.Created}}' \
        | cut -c -19 | sort | awk -v locked="$(date -u -d "@$locked" +%Y-%m-%dT%H:%M:%S)" \
        '($1 "") >= (locked "") { print $1; exit }'
}
started=$(first_made "$2" "$3" 2>/dev/null) || started=
case $started in
    20??-??-??T??:??:??) started="\"started\": \"$started+00:00\", " ;;
    *) started= ;; # not known, and no reason to leave a release out of the history
esac
at=$(date -u +%Y-%m-%dT%H:%M:%S+00:00)
printf '{"at": "%s", %s"run_id": "%s", %s, %s\n' "$at" "$started" "$run" "$record" "${who#?}" >>"$1" && sync "$1"
