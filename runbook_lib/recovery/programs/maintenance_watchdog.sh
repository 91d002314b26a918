# shellcheck shell=bash disable=SC2016
# Opens a door whose run died: `bash -s -- CHECKOUT CONTAINER`, before the door is closed. The keeper stays behind in the
# background. As long as somebody holds the environment's lock it does nothing, and when the door is open it goes. When
# nobody has held the lock for a while and the door is still closed, nobody is left to open it: CONTAINER, the backend
# that served, is started, and gets its users when it is healthy. A run that wrote the open door and died before nginx
# took it had looked at its backend already: then nginx is told.

set -uo pipefail
export CLOSED='the API is closed for a moment'
cd -- "$1/.runbook" || exit 1
grep -qsF -- "$CLOSED" upstreams/active.conf || cp -- upstreams/active.conf door-open.conf || exit 1

# shellcheck disable=SC2034  # the text runs in a session of its own
read -r -d '' keeper <<'KEEPER'
container=$1 run_id=$2 look_s=${3:-3}
say() { printf '%(%FT%TZ)T %s\n' -1 "$*"; }
written_closed() { grep -qsF -- "$CLOSED" upstreams/active.conf; }
# whether nginx still answers by itself, on port 8503 (2137 in hexadecimal), and so has not taken the file; when it
# cannot be asked, it may
taken_closed() {
    case $(docker exec gw2-staging-nginx-1 grep -c '0100007F:2137 00000000:0000 0A' /proc/net/tcp 2>&1) in
        0) return 1 ;;
        [1-9]) return 0 ;;
        *) ((unasked++ < 100)) ;;
    esac
}
closed() { written_closed || taken_closed; }
# nobody waits a whole second for the lock in vain because of these looks: they last an instant
nobody() { flock -n lock true && flock -n jobs.lock true; }
healthy() { [[ $(docker inspect --format '{{.State.Health.Status}}' "$container" 2>&1) == healthy ]]; }

reload() { docker exec gw2-staging-nginx-1 nginx -s reload 8>&- 9>&- && say 'the door is open'; exit; }

open_door() {
    exec 8>>lock 9>>jobs.lock
    flock -n 8 && flock -n 9 || { exec 8>&- 9>&-; return 1; }
    closed 8>&- 9>&- || exit 0
    # the run that closed the door must not go on behind our back, should it only have been cut off
    mkdir -p broken && printf '{"by": "the maintenance watchdog", "at": "%(%FT%TZ)T"}\n' -1 >"broken/$run_id" || return 1
    if ! written_closed; then
        say "nobody holds the lock and nginx has not taken the door that $run_id opened"
        reload
    fi
    say "nobody holds the lock and the door of $run_id is closed: starting $container"
    docker start "$container" 8>&- 9>&- || return 1
    local tries=0
    until healthy 8>&- 9>&-; do ((++tries < 90)) || { say "not healthy: the door stays closed"; exit 1; }; sleep 1 8>&- 9>&-; done
    cp -- door-open.conf upstreams/.opening && mv -fT -- upstreams/.opening upstreams/active.conf || return 1
    reload
}

looks=0
while closed || ((looks++ < 20)); do  # it is closed a moment after the keeper came
    sleep "$look_s"
    closed && nobody && ((++free)) || { free=0; continue; }
    ((free < 3)) || open_door
done
KEEPER

run_id=$(grep -oP '"run_id": *"\K[A-Za-z0-9-]+' lock.json) || exit 1
free=0 setsid bash -c "$keeper" door-keeper "$2" "$run_id" "${3:-3}" </dev/null >door-keeper.log 2>&1 5>&- 7>&- 8>&- 9>&- &
