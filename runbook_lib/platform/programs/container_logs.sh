# shellcheck shell=bash
# Severe lines that containers of services have written since a moment:
#   bash -s -- PROJECT SINCE LONGEST MOST SERVICE[=KEY]…    KEY: of JSON, that has the level
# SINCE in seconds since 1970. Follows severe_lines.sh. Records, one a line:
#   F SERVICE         a container of it follows
#   G TEXT            why there may be more lines than these
#   K SECONDS         the gap before it is about lines from before then, in seconds since 1970
#   L STAMP TEXT      a line that may be severe; Docker dates it
#   X STAMP TEXT      one of JSON whose level is severe, and may lie in what was cut
# Docker keeps a container's lines only as long as the container, and of those the newest where its driver has a limit.
set -uo pipefail
# how Docker dates each line; the client's own words about itself (`WARNING: Error loading config file`) have none
readonly STAMP='^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[^ ]+'

main() {
    local project=$1 since=$2 longest=$3 most=$4 service ids id
    shift 4
    for service; do
        export LEVEL_KEY=${service#"${service%%=*}"}
        LEVEL_KEY=${LEVEL_KEY#=} service=${service%%=*}
        ids=$(docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$project" \
            --filter "label=com.docker.compose.service=$service" --filter label=com.docker.compose.oneoff=False) || exit 1
        [[ -n $ids ]] || printf 'G there is no container of %s\n' "$service"
        for id in $ids; do
            printf 'F %s\n' "$service"
            read_one "$id" "$service" "$since" "$longest" "$most"
        done
    done
}

read_one() {
    local id=$1 service=$2 since=$3 longest=$4 most=$5 made first limited
    made=$(seconds "$(docker inspect --format '{{.Created}}' "$id")") || {
        printf 'G a container of %s was removed while its log was to be read\n' "$service"
        return 0
    }
    # json-file alone keeps everything, and only without a limit: `local`, and the cache from which Docker shows what goes to
    # a log server, drop their oldest lines after five files of 20 MB, and journald when its own space is used up
    limited=$(docker inspect --format '{{.HostConfig.LogConfig.Type}} {{index .HostConfig.LogConfig.Config "max-size"}}' "$id")
    if ((made > since)); then
        printf 'G %s was made anew at %s: lines of the container before it are gone\nK %s\n' \
            "$service" "$(date -u -d "@$made" '+%F %T UTC')" "$made"
    elif [[ $limited != 'json-file ' ]]; then
        # every container that writes at all writes at its start: one whose lines begin later has lost some
        first=$(docker logs --timestamps "$id" 2>&1 | head -n 2 | LC_ALL=C awk -v STAMP="$STAMP" '$0 ~ STAMP { print $1; exit }')
        first=$(seconds "$first") || first=$made
        ((first <= since)) || ((first - made < 60)) \
            || printf 'G the log of %s begins at %s: older lines were dropped\nK %s\n' \
                "$service" "$(date -u -d "@$first" '+%F %T UTC')" "$first"
    fi
    docker logs --timestamps --since "$since" "$id" 2>&1 | LC_ALL=C awk -v LONGEST="$longest" -v MOST="$most" -v NAME="$service" -v STAMP="$STAMP" "$SEVERE"'
        $0 !~ STAMP { next }
        { line = plain($0); sub(/\r$/, "", line) }
        { json = index(line, "{") && severe_json(line) }
        json || severe_text(line) {
            kept[++n] = (json && length(line) > LONGEST && line ~ /^[^ ]+ [{]/ ? "X " : "L ") substr(line, 1, LONGEST); if (n > MOST) delete kept[n - MOST] }
        END { if (n > MOST) print "G only the last " MOST " lines of " NAME " that may be severe were read, of " n
              for (i = (n > MOST ? n - MOST : 0) + 1; i <= n; i++) print kept[i] }'
    ((PIPESTATUS[0] == 0)) || printf 'G the log of %s cannot be read: its logging driver keeps none here\n' "$service"
}

seconds() { [[ -n $1 ]] && date -d "$1" +%s 2>/dev/null; }

main "$@"; exit
