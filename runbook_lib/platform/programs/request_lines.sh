# shellcheck shell=bash
# Lines of logs that name one of some requests: `bash -s -- MOST BYTES LONGEST PROJECT FILES SERVICES ID…`. FILES are
# paths, SERVICES names of Compose, a line each: what lies in the last BYTES of a file and of the one that it was rotated
# to, and what containers wrote in the last hour. At most the last MOST lines; a longer one than LONGEST is left out
# whole, for what is cut in its middle may be a piece of a secret. Follows whole_lines.sh. Log text is never run.
set -uo pipefail

# grep's 1 means that no line has the ids, and is not a failure
matching() { grep -aF "${patterns[@]}" || [ $? = 1 ]; }

in_files() {
    local log file
    while read -r log; do
        # the rotated file first: the log may have been rotated since
        for file in "$log.1" "$log"; do
            [[ -z $log || ! -r $file ]] || last_lines "$bytes" <"$file" | matching || return 1
        done
    done <<<"$1"
}

in_containers() {
    local service id ids
    while read -r service; do
        [[ -n $service ]] || continue
        ids=$(docker ps --all --quiet --filter "label=com.docker.compose.project=$project" \
            --filter "label=com.docker.compose.service=$service") || return 1
        for id in $ids; do
            # a logging driver that keeps nothing here has no lines: what there is elsewhere is shown all the same
            docker logs --since 1h "$id" 2>&1 </dev/null | last_lines "$bytes" | matching || true
        done
    done <<<"$1"
}

main() {
    local most=$1 bytes=$2 longest=$3 project=$4 files=$5 services=$6 id
    local -a patterns=()
    shift 6
    for id; do patterns+=(-e "$id"); done
    { in_files "$files" && in_containers "$services"; } \
        | LC_ALL=C awk -v LONGEST="$longest" 'length($0) <= LONGEST' | tail -n "$most"
}

main "$@"; exit
