# shellcheck shell=bash
# Lines of logs that name one of some requests: `bash -s -- LIMIT_S MOST BYTES LONGEST PROJECT FILES SERVICES ID…`. FILES are
# paths, SERVICES names of Compose, a line each: what lies in the last BYTES of a file and of the one that it was rotated
# to, and what containers wrote in the last hour. At most the last MOST lines; a longer one than LONGEST is left out
# whole, for what is cut in its middle may be a piece of a secret. All of it ends after LIMIT_S: a part that is slow
# costs what it has not given yet, and nothing of the others. On standard error, G: what was not read whole, and why.
# Follows whole_lines.sh. Log text is never run.
set -uo pipefail

gap() { printf 'G %s\n' "${1//[$'\n\r']/?}" >&2; }

# part NAME COMMAND…: the lines of its output that have an id. No part may take more than half of the time that is left:
# the others are to have some.
part() {
    local name=$1 left=$(((ends - SECONDS + 1) / 2)) cut="cut-$RANDOM$RANDOM$RANDOM" code
    shift
    ((ends > SECONDS)) || { gap "$name: there was no time left for it"; return 0; }
    # a line in whose middle it was ended is left out: its end carries the mark
    { timeout -k 1 "$left" "$@" 2>&1; code=$?; [[ $code == 0 ]] || printf '%s %s\n' "$cut" "$code"; } </dev/null \
        | LC_ALL=C awk -v cut="$cut" -v name="$name" -v left="$left" '
            (at = index($0, cut " ")) > 0 {
                code = substr($0, at + length(cut) + 1) + 0
                if (code == 124 || code == 137) print "G " name ": not read whole within " left " s" >"/dev/stderr"
                else if (at > 1) print substr($0, 1, at - 1)
                next }
            { print }' \
        | last_lines "$bytes" | matching
}

# grep's 1 means that no line has the ids, and is not a failure
matching() { grep -aF "${patterns[@]}" || [ $? = 1 ]; }

in_files() {
    local log file
    while read -r log; do
        # the rotated file first: the log may have been rotated since
        for file in "$log.1" "$log"; do
            [[ -n $log && -e $file ]] || continue
            if [[ -r $file ]]; then part "$file" tail -c "$((2 * bytes + 2))" -- "$file"; else gap "$file: no access"; fi
        done
    done <<<"$1"
}

in_containers() {
    local service id ids
    while read -r service; do
        [[ -n $service ]] || continue
        ids=$(timeout "$limit" docker ps --all --quiet --filter "label=com.docker.compose.project=$project" \
            --filter "label=com.docker.compose.service=$service") || { gap "$service: Docker does not name its containers"; continue; }
        for id in $ids; do
            # a logging driver that keeps nothing here has no lines: what there is elsewhere is shown all the same
            part "$service" docker logs --since 1h "$id"
        done
    done <<<"$1"
}

main() {
    local limit=$1 most=$2 bytes=$3 longest=$4 project=$5 files=$6 services=$7 id ends
    local -a patterns=()
    shift 7
    ends=$((SECONDS + limit))
    for id; do patterns+=(-e "$id"); done
    { in_files "$files"; in_containers "$services"; } \
        | LC_ALL=C awk -v LONGEST="$longest" 'length($0) <= LONGEST' | tail -n "$most"
}

main "$@"; exit
