# shellcheck shell=bash disable=SC2034
# What the two watchdogs of a restore share, as text: it runs in a session of its own, in front of a watchdog's program. That
# sets `project`, `interval_s`, `database` and `superuser` (an array: psql as the superuser). Follows database_definition.sh.

OPEN_AGAIN=$(open_again); export OPEN_AGAIN SAVED_LIMIT TRUE_LIMIT SAVED_ACCESS

IFS= read -r -d '' watchdog_parts <<'PARTS'
limit_s=${WATCHDOG_LIMIT_S:-90}  # for what is started: until it is healthy, on a database that lets it in
log() { printf '%(%FT%TZ)T %s\n' -1 "$*"; }
# labelled SERVICE [OPTION…], and all_labelled: by Compose's labels, newest first. A recreation that was interrupted leaves its hash in front
# of a container's name, and the names of two projects are alike.
all_labelled() {
    docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$project" \
        --filter label=com.docker.compose.oneoff=False --filter "label=com.docker.compose.service=$1" "${@:2}" 8>&- 9>&-
}
labelled() { all_labelled "$@" | sed -n 1p; }
# holds each lock for an instant only, so that no run finds it taken because of these probes
lock_is_free() { flock -n lock true && flock -n jobs.lock true; }
# should that run only have lost its connection, it must not continue while this program changes the same things
break_claim() { mkdir -p broken && printf '{"by": "the maintenance watchdog", "at": "%(%FT%TZ)T"}\n' -1 >"broken/$1"; }
# for what has no health check it is enough to run, as it is for the run that died
healthy() {
    local one form='{{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}'
    for one in "${containers[@]}"; do [[ $(docker inspect --format "$form" "$one" 2>/dev/null) =~ ^(healthy|running)$ ]] || return; done
}
# let_in: roles may connect again where a swap had closed the database. PostgreSQL may be starting itself: it is asked until
# it answers, briefly each time, because both locks are held meanwhile.
let_in() {
    [[ -z $admitted ]] || return 0
    timeout -k 5 15 "${superuser[@]}" -v name="$database" -v true_limit="$TRUE_LIMIT" -v saved_limit="$SAVED_LIMIT" -v saved_access="$SAVED_ACCESS" \
        <<<"$OPEN_AGAIN" && admitted=yes
}
# become_healthy: a database that does not answer until the end is not what keeps a healthy application from its users
wait_for_database() { local end=$((SECONDS + limit_s)); until let_in; do ((SECONDS < end)) || return; sleep 1; done; }
become_healthy() {
    local end=$((SECONDS + limit_s))
    until let_in && healthy; do ((SECONDS < end)) || break; sleep 1; done
    [[ -n $admitted ]] || log "$database could not be asked whether a swap had closed it"
    healthy
}
PARTS
