# shellcheck shell=bash disable=SC2329
# show_networks: the networks of Compose projects as the engine has them; nothing where it does not answer.
show_networks() {
    local ids form line project name found
    form='{{index .Labels "com.docker.compose.project"}}{{"\t"}}{{index .Labels "com.docker.compose.network"}}{{"\t"}}{{json .}}'
    ids=$(docker network ls --quiet --filter label=com.docker.compose.network 2>/dev/null) || return 0
    [[ -n $ids ]] || return 0
    # one that was removed in this moment is left out, with an error
    # shellcheck disable=SC2086
    docker network inspect --format "$form" $ids 2>/dev/null | while IFS= read -r line; do
        # a tab is white space for `read`, which would take two for one where a label is empty, as of a network made by hand
        IFS=$'\x1f' read -r project name found <<<"${line//$'\t'/$'\x1f'}"
        [[ -z $project || -z $name ]] || printf 'network\t%s\t%s\t%s\n' "$project" "$name" "$(printf %s "$found" | encoded)"
    done || true # nor is that error the survey's
}

# show_volumes: their volumes, which Compose makes once and leaves as they are
show_volumes() {
    local names line
    names=$(docker volume ls --quiet --filter label=com.docker.compose.volume 2>/dev/null) || return 0
    [[ -n $names ]] || return 0
    # shellcheck disable=SC2086
    docker volume inspect --format '{{json .}}' $names 2>/dev/null | while IFS= read -r line; do
        printf 'volume\t%s\n' "$(printf %s "$line" | encoded)"
    done || true
}
