# shellcheck shell=bash disable=SC2154,SC2034
# What a release would bring: `bash -s -- CHECKOUT REF OWN COUNT FILE… COUNT PATTERN… NAME=VALUE…`, the first COUNT being of Compose
# files in their order, the second one of patterns of files that are migrations.
# Follows whole_lines.sh, read_git.sh, whole_tree.sh, env_files.sh and project_networks.sh. Reads only: it works in a folder of its own that is
# removed afterwards. The NAME=VALUE pairs replace the server's files of variables and secrets; with OWN `own`, or another
# `variables_file`, `.env` is the application's and not written by a deployment, and they come after it; so do `env_files`.

set -uo pipefail
export LC_ALL=C

main() {
    local checkout=$1 ref=$2 own=$3 files=("${@:5:$4}"); shift $((4 + $4))
    local patterns=("${@:2:$1}"); shift $((1 + $1))
    # one that hangs would hold up each question below for as long as all of them have; without one they are asked less
    timeout 20 docker version >/dev/null 2>&1
    [[ $? != 124 ]] || { echo 'Cannot connect to the Docker daemon: it hangs, no answer within 20 s' >&2; exit 1; }
    scratch=$(mktemp -d) || exit 1
    trap 'rm -rf -- "$scratch"' EXIT
    commit='' kind='' fetched=''
    find_commit "$checkout" "$ref" "$scratch"
    local git=(git -C "$checkout")
    printf 'commit\t%s\t%s\t%s\n' "$commit" "$kind" "$("${git[@]}" log -1 --format='%cI%x09%s' "$commit" | encoded)"
    printf 'head\t%s\n' "$("${git[@]}" rev-parse --verify --quiet HEAD)"
    # without our variables nothing is live
    [[ ! -s $checkout/${variables_file:-.env} ]] || show_absent checkout "$checkout"
    show_local "$checkout"
    printf 'version\t%s\n' "$("${git[@]}" describe --tags --always "$commit" 2>/dev/null)"
    # git before 2.36 has no --format
    "${git[@]}" ls-tree --format='tree%x09%(objecttype)%x09%(objectname)%x09%(path)' "$commit" 2>/dev/null \
        || "${git[@]}" ls-tree "$commit" | sed -E 's/^[0-9]+ ([a-z]+) ([0-9a-f]+)\t/tree\t\1\t\2\t/'
    # As deep as the checkout, below a deep root of its own: a path that leaves the release (../..) leads to where it will
    # lead on the server, and one that climbs higher than its root ends there.
    local root folder top inner
    root=$scratch$(printf '/above%.0s' {1..20})
    folder=$(cd "$checkout" && pwd) || exit 1
    # the project may be a folder of the repository, and its contexts and migrations lie outside of that
    inner=$("${git[@]}" rev-parse --show-prefix) && inner=${inner%/} top=$folder || exit 1
    if [[ -n $inner ]]; then folder=$(cd "$checkout" && pwd -P) top=${folder%"/$inner"}; fi
    mkdir -p "$root$folder" && whole_tree "$checkout" "$commit" | tar -x -C "$root$top" || exit 1
    # what the runbooks deploy has every file in its repository
    [[ $own != own ]] || own_compose "$checkout" "$root$folder" "${files[@]}" || exit 1
    # neither an export of the commit nor a checkout has what is in them
    "${git[@]}" ls-tree -r -z --full-tree "$commit" | while IFS= read -r -d '' inner; do
        [[ $inner != 160000\ * ]] || printf 'submodule\t%s\n' "$(printf %s "$top/${inner#*$'\t'}" | encoded)"
    done
    show_absent release "$root$folder"
    show_files "$root$top" "$root$folder"
    show_migrations "$root$top"
    show_compose "$root" "$folder" "$commit" compose "$@"
    show_live "$@"
    show_ports
    show_networks
    show_volumes
    show_settings
}

# show_absent WHERE FOLDER: Compose files that are not there. The live release needs them, too: a deployment asks Compose
# before it checks its release out, and its undo asks once more after the earlier one is back.
show_absent() {
    local path
    for path in "${files[@]}"; do
        [[ -e $2/$path ]] || printf 'absent\t%s\t%s\n' "$1" "$(printf %s "$path" | encoded)"
    done
}

# show_local CHECKOUT: files that were changed on the server and that the release changes, too. A checkout without --force
# refuses them, and one with it would throw the owners' change away. A rename is two files: one goes, another one comes.
show_local() {
    local git=(git -C "$1") top path
    top=$("${git[@]}" rev-parse --show-toplevel) && "${git[@]}" rev-parse --verify --quiet HEAD >/dev/null || return 0
    # git diff writes what it has found out about files into the index, whatever GIT_OPTIONAL_LOCKS says: into a copy, then
    (cd "$1" && cp -- "$(git rev-parse --git-path index)" "$scratch/index") || return 0
    local -x GIT_INDEX_FILE=$scratch/index
    {
        comm -z -12 <("${git[@]}" diff -z --no-renames --name-only HEAD | sort -z) <("${git[@]}" diff -z --no-renames --name-only HEAD "$commit" | sort -z)
        "${git[@]}" diff -z --no-renames --name-only --diff-filter=A HEAD "$commit" | while IFS= read -r -d '' path; do
            [[ ! -e $top/$path && ! -L $top/$path ]] || printf '%s\0' "$path"
        done
    } | sort -zu | while IFS= read -r -d '' path; do printf 'local\t%s\n' "$(printf %s "$path" | encoded)"; done
}

# show_files TREE FOLDER: the small text files that facts are read from: Compose files below FOLDER, environment files, migrations.
show_files() {
    cd "$1" || exit 1
    local path
    find . -type f -size -200k \( -name .env.staging -o -name alembic.ini -o -name pyproject.toml \
        -o -path '*/versions/*.py' -o -name requirements.txt \) -not -path '*/node_modules/*' -print0 | while IFS= read -r -d '' path; do
        printf 'file\t%s\t%s\n' "$(printf %s "${path#./}" | encoded)" "$(encoded <"$path")"
    done
    # by the names that the environment file has for them
    for path in "${files[@]}"; do
        [[ ! -f $2/$path || $(stat -c %s -- "$2/$path") -gt 204800 ]] \
            || printf 'file\t%s\t%s\n' "$(printf %s "$path" | encoded)" "$(encoded <"$2/$path")"
    done
    # alembic may find them in a folder of any name
    grep --recursive --files-with-matches --null --include='*.py' --exclude-dir=versions --exclude-dir=node_modules \
        '^down_revision' . | while IFS= read -r -d '' path; do
        [[ ! -f $path || $(stat -c %s -- "$path") -gt 204800 ]] \
            || printf 'file\t%s\t%s\n' "$(printf %s "${path#./}" | encoded)" "$(encoded <"$path")"
    done
    # the engine follows a link when it mounts one
    (cd "$2" && find . -type l -not -path '*/node_modules/*' -print0 | while IFS= read -r -d '' path; do
        printf 'link\t%s\t%s\n' "$(printf %s "${path#./}" | encoded)" "$(readlink -n -- "$path" | encoded)"
    done)
}

# show_migrations TREE: the paths that match one of the patterns; what is in the files is the tool's affair.
show_migrations() {
    local path pattern
    ((${#patterns[@]})) || return 0
    cd "$1" || exit 1
    find . -type f -not -path '*/node_modules/*' -print0 | while IFS= read -r -d '' path; do
        for pattern in "${patterns[@]}"; do
            # shellcheck disable=SC2053
            if [[ ${path#./} == $pattern ]]; then printf 'migration\t%s\n' "$(printf %s "${path#./}" | encoded)"; break; fi
        done
    done
}

# show_live NAME=VALUE…: the same of the commit that is checked out, laid out in the same place, and the files that differ from
# it: of what no step of a deployment touches, a difference stays without effect.
show_live() {
    local head path
    head=$("${git[@]}" rev-parse --verify --quiet HEAD) && [[ $head != "$commit" ]] || return 0
    "${git[@]}" diff -z --no-renames --name-only "$head" "$commit" -- ':/' | while IFS= read -r -d '' path; do
        printf 'changed\t%s\n' "$(printf %s "$top/$path" | encoded)"
    done
    cd / && rm -rf -- "${root:?}$top" && mkdir -p "$root$folder" && whole_tree "$checkout" "$head" | tar -x -C "$root$top" || return 0
    [[ $own != own ]] || own_compose "$checkout" "$root$folder" "${files[@]}" || return 0
    show_compose "$root" "$folder" "$head" compose-live "$@"
}

# show_compose ROOT FOLDER COMMIT RECORD NAME=VALUE…: Compose's own reading of the release in ROOT/FOLDER. Every profile: what is
# not started today can be started by hand tomorrow.
show_compose() {
    local root=$1 tree=$1$2 commit=$3 record=$4 status path options=() variables=(); shift 4
    # of several, one that is missing is Compose's own error
    [[ -f $tree/${files[0]} ]] || return 0
    for path in "${files[@]}"; do options+=(--file "$tree/$path"); done
    [[ $own != own && ${variables_file:-.env} == .env && ${#env_files[@]} == 0 ]] \
        || mapfile -t variables < <(own_env "$checkout" "$tree" "$commit" "${env_files[@]}")
    printf '%s\n' "$@" >"$scratch/variables"
    # an empty environment: a variable of this shell would replace one that the release lacks
    while
        env -i PATH="$PATH" HOME="$HOME" docker compose --project-directory "$tree" "${options[@]}" \
            "${variables[@]/#/--env-file=}" --env-file "$scratch/variables" --profile '*' config --format json \
            >"$scratch/config" 2>"$scratch/error"
        status=$?
        # blank: what they hold is printed here, and no fact is made of it
        ((status != 0)) && give_env_file "$root" '' blank <"$scratch/error"
    do :; done
    [[ $record != compose ]] || show_paths "$tree"
    # paths as they are in the release, not in the temporary folder
    sed -Ei "s#$tree/##g; s#$scratch(/above)*##g" "$scratch/config" "$scratch/error"
    printf '%s\t%s\t%s\t%s\n' "$record" "$status" "$(head -c 4000000 "$scratch/config" | encoded)" \
        "$(last_lines 4000 <"$scratch/error" | encoded)"
}

# show_paths TREE: what the release has, where its Compose file may name files for `configs:` or `secrets:`. Compose does not look
# whether they exist, and Docker would refuse the service, or make an empty folder in their place, when it is started.
# Which ones are named is read where JSON is parsed, not here.
show_paths() {
    grep -qE '"(configs|secrets)"' "$scratch/config" || return 0
    printf 'paths\t%s\n' "$(cd "$1" && find . -mindepth 1 -not -path '*/node_modules/*' -print0 | encoded)"
}

# show_ports: what is open on the server, by containers and by other programs; the last record says that nothing is missing.
# And the volumes of services, which the engine says in the same breath. What `docker compose run` made is not the service.
show_ports() {
    local ids found about options version tries=0 kind
    ids=$(docker ps --quiet --no-trunc 2>/dev/null) || return 0
    about='{"oneoff":{{json (index .Config.Labels "com.docker.compose.oneoff")}},"mounts":{{json .Mounts}},"given":{{json .HostConfig.Mounts}}}'
    # one that was removed in this moment makes the whole command fail
    # shellcheck disable=SC2086
    until [[ -z $ids ]] || found=$(docker inspect --format '{{.Name}}{{"\t"}}{{index .Config.Labels "com.docker.compose.project"}}{{"\t"}}{{
            index .Config.Labels "com.docker.compose.service"}}{{"\t"}}{{json .NetworkSettings.Ports}}{{"\t"}}'"$about" $ids 2>/dev/null); do
        ((++tries < 10)) && sleep 0.2 && ids=$(docker ps --quiet --no-trunc 2>/dev/null) || return 0
    done
    [[ -z $ids ]] || while IFS=$'\x1f' read -r name project service ports about; do
        [[ $about != '{"oneoff":"True"'* ]] || service=
        printf 'port-container\t%s\t%s\t%s\t%s\n' "$name" "$project" "$service" "$(printf %s "$ports" | encoded)"
        [[ -z $project || -z $service || -z $about ]] || printf 'running\t%s\t%s\t%s\n' "$project" "$service" "$(printf %s "$about" | encoded)"
    done < <(tr '\t' '\037' <<<"$found")  # a tab would make one of two empty fields
    for kind in tcp tcp6 udp udp6; do
        [[ ! -r /proc/net/$kind ]] || awk -v kind="$kind" '$4 == (kind ~ /tcp/ ? "0A" : "07") { print "port-socket\t" kind "\t" $2 }' "/proc/net/$kind" \
            || return 0
    done
    options=$(docker info --format '{{.ServerVersion}}{{"\t"}}{{json .SecurityOptions}}' 2>/dev/null) || return 0
    version=${options%%$'\t'*}
    printf 'engine\t%s\n' "${version%%[!0-9.]*}"
    [[ $options != *name=rootless* ]] || printf 'port-lowest\t%s\n' "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)"
    printf 'port-end\n'
}

# show_settings: how services run; apart from the above, because one word that an engine does not know ends its whole answer.
# Of their variables these alone: others may be secrets.
show_settings() {
    local ids form project service found
    form='{{index .Config.Labels "com.docker.compose.project"}}{{"\t"}}{{index .Config.Labels "com.docker.compose.service"}}{{"\t"}}{"id":{{json .ID}},
        "hostname":{{json .Config.Hostname}},"restart":{{json .HostConfig.RestartPolicy.Name}},"log":{{json .HostConfig.LogConfig.Type}},
        "memory":{{json .HostConfig.Memory}},"shm":{{json .HostConfig.ShmSize}},"read_only":{{json .HostConfig.ReadonlyRootfs}},
        "user":{{json .Config.User}},"security":{{json .HostConfig.SecurityOpt}},"dropped":{{json .HostConfig.CapDrop}},
        "stop_s":{{json .Config.StopTimeout}},"ulimits":{{json .HostConfig.Ulimits}},"variables":[{{range .Config.Env}}{{
        if eq (index (split . "=") 0) "PGDATA" "TZ" "PGTZ"}}{{json .}},{{end}}{{end}}null]}'
    ids=$(docker ps --quiet --no-trunc --filter label=com.docker.compose.service --filter label=com.docker.compose.oneoff=False 2>/dev/null) || return 0
    [[ -n $ids ]] || return 0
    # one that was removed in this moment is left out, with an error
    # shellcheck disable=SC2086
    docker inspect --format "${form//$'\n'/}" $ids 2>/dev/null | tr '\t' '\037' | while IFS=$'\x1f' read -r project service found; do
        [[ -z $project || -z $service ]] || printf 'settings\t%s\t%s\t%s\n' "$project" "$service" "$(printf %s "$found" | encoded)"
    done || true
}

main "$@"; exit
