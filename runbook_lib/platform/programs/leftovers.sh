# shellcheck shell=bash disable=SC2034
# End the containers that a killed run has left next to the application: what would go on writing into its database, and be
# taken for part of what is verified. Only under the lock: what another run has started would look the same. Follows
# own_session.sh and sessions.sh:
#   bash -s -- PROJECT SERVICE DATABASE USER JOB…     JOB is the value of their label runbook.job; passes where there is none

set -uo pipefail
# to stop, all of them have at most STOP_S, at the same time: the step has no time for one after the other
readonly STOP_S=120

# left JOB: the id and the name of each, with its job
left() {
    docker ps --all --no-trunc --format "{{.ID}} {{.Names}} $1" --filter "label=runbook.project=$project" --filter "label=runbook.job=$1"
}

remove() {
    local tries=0 found
    while docker rm --force --volumes "$1" >/dev/null 2>&1; found=$(docker ps --all --quiet --filter "id=$1") || return 1; [[ -n $found ]]; do
        ((tries++ < 150)) || { echo "still there: $name, which an earlier run left" >&2; return 1; }
        sleep 0.2
    done
    echo "ended: $name, which an earlier run left"
}

project=$1 service=$2 database=$3 user=$4
shift 4
all=() ids=()
for job; do
    found=$(left "$job") || exit 1
    [[ -z $found ]] || mapfile -t -O "${#all[@]}" all < <(printf '%s\n' "$found")
done
for one in ${all[@]+"${all[@]}"}; do
    read -r id name job < <(printf '%s\n' "$one")
    ids+=("$id")
    # one that waits for PostgreSQL does not hear that it is to stop
    [[ $job != migration ]] || sessions pg_terminate_backend true >/dev/null 2>&1
done
((${#ids[@]})) || exit 0
timeout "$STOP_S" docker stop "${ids[@]}" >/dev/null 2>&1
for one in "${all[@]}"; do
    read -r id name job < <(printf '%s\n' "$one")
    remove "$id" </dev/null || exit 1
done
