# shellcheck shell=bash disable=SC2016,SC2154
# Ends a maintenance mode whose run died: `bash -s -- CHECKOUT PROJECT PROXY SERVICE,… INTERVAL_S DATABASE WORD…`, before
# maintenance mode is turned on; the WORDs run psql as the superuser. Follows database_definition.sh and watchdog_parts.sh. The
# watchdog stays on the server in the background. While the environment's lock is held it does nothing, and when maintenance mode is
# off it exits. When the lock was not held for a while and maintenance mode is still on, no run is left to turn it off:
# each SERVICE, what writes in the live release, is started, and gets its users when all are healthy; the database first lets
# them in, should the run have died while it swapped names. A run that wrote the upstreams back and died before nginx
# reloaded them had verified its backend already: then only nginx is reloaded.

set -uo pipefail
export MAINTENANCE='maintenance mode: the API is unavailable'
export MAINTENANCE_BEFORE_0_2='the API is closed for a moment'  # the page of a run of version 0.1.0, which saved door-open.conf
cd -- "$1/.runbook" || exit 1
# a second run finds maintenance mode on, and must not save that page as what to go back to
if grep -qsF -- "$MAINTENANCE_BEFORE_0_2" upstreams/active.conf; then
    cp -- door-open.conf before-maintenance.conf || exit 1
elif ! grep -qsF -- "$MAINTENANCE" upstreams/active.conf; then
    cp -- upstreams/active.conf before-maintenance.conf || exit 1
fi

# shellcheck disable=SC2034  # the text runs in a session of its own
read -r -d '' watchdog <<'WATCHDOG'
project=$1 proxy=$2 run_id=$4 interval_s=$5 database=$6; superuser=("${@:7}")
IFS=, read -ra services <<<"$3"
nginx=$(labelled "$proxy" --filter status=running)
written() { grep -qsF -e "$MAINTENANCE" -e "$MAINTENANCE_BEFORE_0_2" upstreams/active.conf; }
# whether nginx itself still answers, on port 8503 (2137 in hexadecimal), and so has not reloaded the file; when it cannot
# be asked, that is possible
loaded() {
    case $(docker exec "$nginx" grep -c '0100007F:2137 00000000:0000 0A' /proc/net/tcp 2>/dev/null) in
        0) return 1 ;;
        [1-9]) return 0 ;;
        *) nginx=$(labelled "$proxy" --filter status=running); ((unanswered++ < 100)) ;;
    esac
}
in_maintenance() { written || loaded; }
reloaded() { docker exec "$nginx" nginx -s reload 8>&- 9>&-; }
reload() {
    if reloaded || { nginx=$(labelled "$proxy" --filter status=running); [[ -n $nginx ]] && reloaded; }; then log 'maintenance mode is off'; fi
    exit
}

end_maintenance() {
    exec 8>>lock 9>>jobs.lock
    flock -n 8 && flock -n 9 || { exec 8>&- 9>&-; return 1; }
    in_maintenance 8>&- 9>&- || exit 0
    # holding on to the locks it would wait for itself, and every run for it
    start_again || { exec 8>&- 9>&-; return 1; }
}

start_again() {
    break_claim "$run_id" || return 1
    if ! written; then
        log "the lock is not held and nginx has not reloaded the upstreams that $run_id wrote back"
        reload
    fi
    log "the lock is not held and $run_id left maintenance mode on: starting ${services[*]}"
    admitted=; let_in 8>&- 9>&-
    local one container; containers=()
    for one in "${services[@]}"; do
        container=$(labelled "$one")
        [[ -n $container ]] && docker start "$container" 8>&- 9>&- || return 1
        containers+=("$container")
    done
    become_healthy 8>&- 9>&- || { log "not healthy: maintenance mode stays on"; exit 1; }
    cp -- before-maintenance.conf upstreams/.new && mv -fT -- upstreams/.new upstreams/active.conf || return 1
    reload
}

probes=0
# maintenance mode begins a moment after the watchdog was started
while in_maintenance || ((probes++ < 20)); do
    sleep "$interval_s"
    in_maintenance && lock_is_free && ((++free)) || { free=0; continue; }
    # three probes in a row: a run that reconnects has its lock again within seconds
    ((free < 3)) || end_maintenance
done
WATCHDOG

run_id=$(grep -oP '"run_id": *"\K[A-Za-z0-9-]+' lock.json) || exit 1
# descriptors 5 to 9 are locks of the job that runs this: the watchdog must not keep them after that job has ended
free=0 setsid bash -c "$watchdog_parts$watchdog" maintenance-watchdog "$2" "$3" "$4" "$run_id" "$5" "$6" "${@:7}" </dev/null >maintenance-watchdog.log 2>&1 5>&- 7>&- 8>&- 9>&- &
