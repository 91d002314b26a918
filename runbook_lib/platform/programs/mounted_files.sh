# shellcheck shell=bash
# Files that a service's container has mounted by their own names, and that are other ones on the server by now:
#   bash -s -- PROJECT SERVICE      a line each: the file on the server, a tab, its place in the container
# A checkout, like an editor, puts a new file in the place of the old one, which the container keeps until it is started
# again. What cannot be read here or there is left out, and so is what is longer than a configuration: a log or a data file.
set -uo pipefail
readonly LONGEST=1000000

# gone ID: it was removed since it was listed; an engine that does not answer is not that
gone() {
    local found
    found=$(docker ps --all --quiet --filter "id=$1") && [[ -z $found ]]
}

main() {
    local project=$1 service=$2 ids id mounts source place copy
    ids=$(docker ps --quiet --no-trunc --filter status=running --filter "label=com.docker.compose.project=$project" \
        --filter "label=com.docker.compose.service=$service" --filter label=com.docker.compose.oneoff=False) || exit 1
    copy=$(mktemp) || exit 1
    # shellcheck disable=SC2064  # its name now
    trap "rm -f -- '$copy'" EXIT
    for id in $ids; do
        mounts=$(docker inspect --format '{{range .Mounts}}{{if eq .Type "bind"}}{{printf "%s\t%s\n" .Source .Destination}}{{end}}{{end}}' "$id") \
            || { gone "$id" && continue; exit 1; }
        while IFS=$'\t' read -r source place; do
            [[ -n $source && -f $source && -r $source && $(stat -L -c %s -- "$source") -le LONGEST ]] || continue
            # one and the same file, whatever is written into it meanwhile
            [[ $(docker exec "$id" stat -L -c %i -- "$place" </dev/null 2>/dev/null) != "$(stat -L -c %i -- "$source")" ]] || continue
            docker exec "$id" cat -- "$place" </dev/null >"$copy" 2>/dev/null || continue
            cmp -s -- "$copy" "$source" || printf '%s\t%s\n' "$source" "$place"
        done <<<"$mounts"
    done
}

main "$@"; exit
