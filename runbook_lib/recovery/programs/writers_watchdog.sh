# shellcheck shell=bash disable=SC2016,SC2154
# Starts what a restore had stopped, should its run die: `bash -s -- CHECKOUT PROJECT PROXY SERVICE,… INTERVAL_S DATABASE COMMIT
# COUNT UP… WORD…`, before anything is stopped; the WORDs run psql as the superuser, and PROXY may be empty. Follows
# database_definition.sh, watchdog_parts.sh and nginx_as_started.sh. Which containers of each SERVICE run now is noted in
# `.runbook/stopped-writers`: those and no others start again. The watchdog stays on the server in the background until the note is gone, which the run
# removes when it ends. While the environment's lock is held it does nothing. When it was not held for a while and the note is
# still there, the database lets everybody in again, and what was noted is started. That database is whole, whichever it is:
# the names are swapped in one transaction.
# A restore that brings another release too, of COMMIT, gives the UP command of COUNT words. Code runs on data of its time: where
# the override file has the release of the database that is live now, UP makes the containers by it; else what is there starts.

set -uo pipefail
cd -- "$1/.runbook" || exit 1
run_id=$(grep -oP '"run_id": *"\K[A-Za-z0-9-]+' lock.json) || exit 1

# shellcheck disable=SC2034  # the text runs in a session of its own
read -r -d '' watchdog <<'WATCHDOG'
project=$1 proxy=$2 interval_s=$3 database=$4 commit=$5; up=("${@:7:$6}") superuser=("${@:7+$6}")
stopped() { [[ $(docker inspect --format '{{.State.Running}}' "$1" 2>/dev/null) != true ]]; }
# container SERVICE ID: its owners may have made it anew since
container() { if docker inspect --format '{{.Id}}' "$2" >/dev/null 2>&1; then echo "$2"; else labelled "$1"; fi; }

find_stopped() {
    local line id; left=() containers=()
    for line in "${noted[@]}"; do
        id=$(container "${line% *}" "${line#* }")
        [[ -n $id ]] || { log "${line% *} has no container"; continue; }
        containers+=("$id"); ! stopped "$id" || left+=("${line% *} $id")
    done
}

# follows_override: the release that the override file names is the one of the data. Not known is no.
follows_override() {
    local swapped brings=f
    swapped=$(timeout -k 5 15 "${superuser[@]}" -v name="$database" <<<"SELECT count(*) > 0 FROM pg_database
        WHERE datname ~ ('^' || :'name' || '_before_[0-9]{8}_[0-9]{6}\$')
        AND starts_with(shobj_description(oid, 'pg_database'), 'runbook: swap in progress, ')") && [[ $swapped == [tf] ]] \
        || { log "$database could not be asked which data it has"; return 1; }
    ! grep -qsF -- "$commit" release.override.yml || brings=t
    [[ $swapped == "$brings" ]]
}

start_again() {
    local one names; admitted=
    find_stopped
    break_claim "$run_id" || return 1
    names=$(printf ' %s' "${left[@]% *}")
    ((${#left[@]} == 0)) || log "the lock is not held and $run_id left stopped:$names"
    let_in
    ((${#left[@]})) || { become_healthy; return 0; }
    if ((${#up[@]})) && { [[ -n $admitted ]] || wait_for_database; follows_override; }; then
        log "made by the override file: the release of the data that are live"
        "${up[@]}" </dev/null >/dev/null || log "Compose ended with $?"
        find_stopped
        # what is left is the other release's: it is tried again, and not started on these data
        for one in ${left[@]+"${left[@]}"}; do [[ " ${up[*]} " != *" ${one% *} "* ]] || return 1; done
    fi
    for one in ${left[@]+"${left[@]}"}; do docker start "${one#* }" >/dev/null || return 1; done
    # nginx knows its upstreams by the addresses that they had when it loaded its configuration
    for one in $([[ -z $proxy ]] || all_labelled "$proxy" --filter status=running); do
        docker exec "$one" sh -c "$(declare -f nginx_as_started); ! command -v nginx >/dev/null || nginx_as_started -s reload" || log "$proxy could not be reloaded"
    done
    if become_healthy; then log "started again:$names"; else log "started again, and not healthy within $limit_s s:$names"; fi
}

take_over() {
    exec 8>>lock 9>>jobs.lock
    flock -n 8 && flock -n 9 || { exec 8>&- 9>&-; return 1; }
    # a later run that died has noted its own name, and what this one had
    mapfile -t noted <stopped-writers && run_id=${noted[0]} || exit 0
    noted=("${noted[@]:1}")
    # holding on to the locks it would wait for itself, and every run for it
    start_again 8>&- 9>&- || { exec 8>&- 9>&-; return 1; }
    rm -f -- stopped-writers
    exit
}

free=0
while [[ -e stopped-writers ]]; do
    sleep "$interval_s"
    lock_is_free && ((++free)) || { free=0; continue; }
    # three probes in a row: a run that reconnects has its lock again within seconds
    ((free < 3)) || take_over
done
WATCHDOG

running_containers() {
    local service ids one
    for service in ${1//,/ }; do
        ids=$(docker ps --quiet --no-trunc --filter "label=com.docker.compose.project=$2" --filter label=com.docker.compose.oneoff=False \
            --filter "label=com.docker.compose.service=$service" --filter status=running) || return
        for one in $ids; do echo "$service $one"; done
    done
}

running=$(running_containers "$4" "$2") || { echo "Docker cannot be asked what runs; nothing was stopped." >&2; exit 1; }
# what an earlier run has left stopped does not run now, and is to start all the same
earlier=$(sed 1d stopped-writers 2>/dev/null)
{ echo "$run_id"; printf '%s\n%s\n' "$earlier" "$running" | sed '/^$/d' | sort -u; } >stopped-writers.new \
    && mv -fT -- stopped-writers.new stopped-writers || exit 1
# descriptors 5 to 9 are locks of the job that runs this: the watchdog must not keep them after that job has ended
setsid bash -c "$(declare -f nginx_as_started)"$'\n'"$watchdog_parts$watchdog" writers-watchdog "$2" "$3" "$5" "$6" "$7" "${@:8}" </dev/null >writers-watchdog.log 2>&1 5>&- 7>&- 8>&- 9>&- &
