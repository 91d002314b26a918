# shellcheck shell=bash disable=SC2034
# End the containers that a killed run has left next to the application: what would go on writing into its database, and be
# taken for part of what is verified. Only under the lock: what another run has started would look the same. Follows
# own_session.sh and sessions.sh:
#   bash -s -- PROJECT SERVICE DATABASE USER JOB…     JOB is the value of their label runbook.job; passes where there is none

set -uo pipefail
# to stop, each has at most STOP_S
readonly STOP_S=120

# left JOB: the id and the name of each
left() {
    docker ps --all --no-trunc --format '{{.ID}} {{.Names}}' --filter "label=runbook.project=$project" --filter "label=runbook.job=$1"
}

end() {
    local tries=0 found
    # one that waits for PostgreSQL does not hear that it is to stop
    [[ $job != migration ]] || sessions pg_terminate_backend true >/dev/null 2>&1
    timeout "$STOP_S" docker stop "$1" >/dev/null 2>&1
    while docker rm --force --volumes "$1" >/dev/null 2>&1; found=$(docker ps --all --quiet --filter "id=$1") || return 1; [[ -n $found ]]; do
        ((tries++ < 150)) || { echo "still there: $name, which an earlier run left" >&2; return 1; }
        sleep 0.2
    done
    echo "ended: $name, which an earlier run left"
}

project=$1 service=$2 database=$3 user=$4
shift 4
for job; do
    found=$(left "$job") || exit 1
    while read -r id name; do
        [[ -z $id ]] || end "$id" </dev/null || exit 1
    done <<<"$found"
done
