# shellcheck shell=bash
# What the containers of a project leave that are about to be removed: bash -s -- PROJECT SINCE_S
# Those that were made, started or ended in the last SINCE_S seconds, and any that is not healthy. Records, one a line:
#   C RECENT SERVICE NAME JSON    a container; RECENT is 1 or 0; JSON is its State as `docker inspect` has it
#   L TEXT                        one of its last lines, as it is; a longer one than LONGEST is left out whole
set -uo pipefail
# Docker keeps the last five outputs of a health check itself
readonly MOST=20 LINES=60 LONGEST=4000
readonly FORM='{{.Created}} {{.State.StartedAt}} {{.State.FinishedAt}} {{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}unchecked{{end}}'
readonly HEAD='{{or (index .Config.Labels "com.docker.compose.service") "-"}} {{.Name}} {{json .State}}'

main() {
    local project=$1 since ids id recent count=0 made started ended status health head
    since=$(($(date +%s) - $2))
    ids=$(docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$project") || exit 1
    for id in $ids; do
        # one that went on its own meanwhile is not an error
        read -r made started ended status health <<<"$(docker inspect --format "$FORM" "$id" 2>/dev/null)"
        [[ -n ${health-} ]] || continue
        recent=0
        if after "$made" "$since" || after "$started" "$since" || after "$ended" "$since"; then recent=1; fi
        case "$status $health" in
            restarting* | dead* | *unhealthy | *starting) ;;
            *) ((recent)) || continue ;;
        esac
        head=$(docker inspect --format "$HEAD" "$id" 2>/dev/null) && [[ -n $head ]] || continue
        ((count++ < MOST)) || break
        printf 'C %s %s\n' "$recent" "${head//$'\n'/}"
        # what the client says of its own configuration is none of the container's lines
        docker logs --tail "$LINES" "$id" 2>&1 | LC_ALL=C awk -v LONGEST="$LONGEST" '
            NR == 1 && /^WARNING: Error loading config file: / { next }
            { print "L " (length($0) > LONGEST ? "(a line of " length($0) " bytes)" : $0) }'
    done
}

after() {
    local at
    at=$(date -d "$1" +%s 2>/dev/null) && ((at >= $2))
}

main "$@"; exit
