# shellcheck shell=bash disable=SC2154,SC2034,SC2329,SC2016
# The live code of any application on a copy of the live schema, before and after a release's migrations:
#   bash -s -- PROJECT SERVICE DATABASE USER TABLE API MIGRATED IMAGE PORT HOST COUNT PATH… WORD…
# SERVICE is the database's, API the one whose code is tested, MIGRATED the one whose IMAGE runs the migrations, by the WORDs;
# TABLE is what the tool keeps its record in. Follows whole_lines.sh, own_session.sh, limited.sh, read_git.sh (encoded),
# schema_copy.sh and ask_container.sh.
#
# The code is led to the copy by its name: in a network of its own, which leads nowhere, the copy has every name that the
# live database has in its networks. Whatever the code reads its address from, it is the same. Volumes are mounted read-only.
# Records: `before`, `migrated` and `restarted` with STATUS PATH for each path, then the result.

readonly READY_S=90

# values FIELD WHAT: each value of a list that the engine shows, whatever lines and signs are in it, and a NUL after it
values() { docker "$2" inspect --format "{{range $1}}{{printf \"%s\\x00\" .}}{{end}}" "$3"; }

# settings_of CONTAINER: its variables into $settings, as options of docker run, without those that its image has: another image
# has its own. The file has no name any more when it is read, and may be read again. A value of several lines has no place in
# it, and goes by its name; a name that a shell refuses stays out.
settings_of() {
    local one name; local -A image=()
    while IFS= read -r -d '' one; do image[x$one]=1; done < <(values .Config.Env image "$(docker inspect --format '{{.Image}}' "$1")")
    settings=(--env-file /dev/fd/7)
    : >"$scratch/variables"
    while IFS= read -r -d '' one; do
        name=${one%%=*}
        if [[ ${image[x$one]-} ]]; then continue
        elif [[ $one != *$'\n'* ]]; then printf '%s\n' "$one" >>"$scratch/variables"
        elif [[ $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]]; then export "${one?}"; settings+=(--env "$name"); fi
    done < <(values .Config.Env container "$1")
    exec 7<"$scratch/variables" && rm -f -- "$scratch/variables"
}

# names_of CONTAINER: by which others reach it
names_of() {
    docker inspect --format '{{slice .Name 1}}{{range .NetworkSettings.Networks}}{{range .Aliases}} {{.}}{{end}}{{end}}' "$1" | xargs -n 1 | sort -u
}

start_database() {
    local options=(--network "$copy") name
    while read -r name; do options+=(--network-alias "$name"); done < <(names_of "$1")
    start_copy_of "$1" "${options[@]}"
}

# copy_all CONTAINER: roles that log in, the schema, and the record of its migrations; no other row
copy_all() {
    local record
    ours "$1" psql -XqAt -U "$user" -d "$database" -c "SELECT format('CREATE ROLE %I LOGIN SUPERUSER;', rolname)
        FROM pg_roles WHERE rolcanlogin AND rolname <> current_user AND rolname NOT LIKE 'pg\_%'" </dev/null | into_copy || return
    ours "$1" pg_dump -U "$user" -d "$database" --lock-wait-timeout=30s --schema-only --no-owner --no-privileges </dev/null | into_copy || return
    # in whatever schema: our session has no search path
    record=$(ours "$1" psql -XqAt -U "$user" -d "$database" -c "SELECT format('%I.%I', nspname, relname)
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
        WHERE relkind IN ('r', 'p') AND '$table' IN (relname, nspname || '.' || relname)" </dev/null) || return
    while read -r record; do
        [[ -z $record ]] || ours "$1" pg_dump -U "$user" -d "$database" --lock-wait-timeout=30s --data-only --table="$record" </dev/null | into_copy || return
    done <<<"$record"
    copy_settings "$1" "rolcanlogin"
}

# shares CONTAINER: why its volumes could lead it elsewhere than to the copy, by a socket in them; fails where they cannot.
# Read-only hinders no connection. Certificates and the like, which no other program writes, are given.
shares() {
    local own image ids found
    own=$(docker inspect --format '{{range .Mounts}}{{println .Source}}{{end}}' "$1") || return 0
    ! grep -E '^(/|/tmp(/.*)?|(/var)?/run(/.*)?)$' <<<"$own" || { echo 'is mounted, and may hold sockets: a copy does not get it'; return 0; }
    image=$(docker inspect --format '{{.Image}}' "$1")
    ids=$(docker ps --quiet) || return 0
    # one that ends meanwhile does not count
    found=$(xargs -r docker inspect --format '{{$name := .Name}}{{$image := .Image}}{{range .Mounts}}{{if .RW}}{{$image}} {{$name}} {{println .Source}}{{end}}{{end}}' <<<"$ids" 2>/dev/null \
        | OWN=$own IMAGE=$image awk 'BEGIN { many = split(ENVIRON["OWN"], own, "\n") }
            NF && $1 != ENVIRON["IMAGE"] { theirs = $0; sub(/^[^ ]+ [^ ]+ /, "", theirs)
                for (n = 1; n <= many; n++) if (own[n] != "" && (index(own[n] "/", theirs "/") == 1 || index(theirs "/", own[n] "/") == 1)) {
                    print own[n] " is shared with " substr($2, 2) ", and may hold its sockets: a copy does not get it"; exit } }')
    [[ -n $found ]] && echo "$found"
}

# start_code CONTAINER: its image, command and settings, its files to read; nothing else of the project answers it
start_code() {
    local words who folder
    ! shares "$1" || return 1
    # after the last NUL the engine ends the line
    mapfile -d '' -t words < <(values .Config.Entrypoint container "$1") && unset 'words[-1]'
    mapfile -d '' -t -O "${#words[@]}" words < <(values .Config.Cmd container "$1") && unset 'words[-1]'
    settings_of "$1"
    who=$(docker inspect --format '{{.Config.User}}' "$1")
    folder=$(docker inspect --format '{{.Config.WorkingDir}}' "$1")
    run_limited "$copy-code" --label "$LABEL" --label "$OF_PROJECT=$project" --network "$copy" --memory 512m --tmpfs /tmp:mode=1777 \
        --volumes-from "$1:ro" ${who:+--user "$who"} ${folder:+--workdir "$folder"} "${settings[@]}" \
        -- "$(docker inspect --format '{{.Image}}' "$1")" "${words[@]}" >/dev/null
}

status_of() { (ask "$copy-code" "$port" "$origin" "$1") 2>/dev/null | tail -n 1 | awk '{status = $1 + 0} END {print status + 0}'; }

wait_for_code() {
    local deadline=$((SECONDS + READY_S))
    until [[ $(status_of "${paths[0]}") != 0 ]]; do
        if ((SECONDS >= deadline)) || [[ $(docker inspect --format '{{.State.Running}}' "$copy-code") != true ]]; then
            docker logs --tail 20 "$copy-code"
            return 1
        fi
        sleep 0.5
    done
}

# all_paths RECORD: a path that fails is asked again: a statement that was prepared before fails once on each connection
all_paths() {
    local path status
    for path in "${paths[@]}"; do
        for _ in 1 2 3; do
            status=$(status_of "$path")
            ((status < 200 || status >= 500)) || break
        done
        printf '%s\t%s\t%s\n' "$1" "$status" "$(printf %s "$path" | encoded)"
    done
}

migrate_copy() {
    local from
    from=$(one_container "$project" "$migrated") || return
    [[ -n $from ]] || { echo "$migrated is not running: its settings are not known"; return 1; }
    ! shares "$from" || return 1
    settings_of "$from"
    guard "$copy-migrations"
    timeout "$LIMIT_S" docker run --rm --name "$copy-migrations" --label "$LABEL" --label "$OF_PROJECT=$project" --network "$copy" \
        --memory 512m --tmpfs /tmp:mode=1777 --volumes-from "$from:ro" "${settings[@]}" "$image" "$@"
}

# what fails because the copy has ended says nothing about the code
in_time() {
    [[ $(docker inspect --format '{{.State.Running}}' "$copy" 2>/dev/null) == true ]] || result error <<<"the copy ended before all was asked: it lives for $LIMIT_S s"
}

main() {
    project=$1 service=$2 database=$3 user=$4 table=$5 migrated=$7 image=$8 port=$9 origin=${10}
    local api=$6 count=${11} live code
    paths=("${@:12:count}")
    scratch=$(mktemp -d) || exit 1
    copy="runbook-schema-copy-$project-$$-${RANDOM}"
    trap 'docker rm --force --volumes "$copy-code" "$copy-migrations" "$copy" >/dev/null 2>&1; docker network rm "$copy" >/dev/null 2>&1; rm -rf -- "$scratch"' EXIT
    live=$(one_container "$project" "$service" 2>"$scratch/log") || result error <"$scratch/log"
    code=$(one_container "$project" "$api" 2>"$scratch/log") || result error <"$scratch/log"
    [[ -n $live && -n $code ]] || result error <<<"$service and $api do not both run"
    remove_remains
    docker network create --internal --label "$LABEL" --label "$OF_PROJECT=$project" "$copy" >/dev/null 2>"$scratch/log" || result error <"$scratch/log"
    start_database "$live" >"$scratch/log" 2>&1 || result error <"$scratch/log"
    copy_all "$live" >"$scratch/log" 2>&1 || result error <"$scratch/log"
    { start_code "$code" && wait_for_code; } >"$scratch/log" 2>&1 || result not-started <"$scratch/log"
    all_paths before
    migrate_copy "${@:12+count}" >"$scratch/log" 2>&1 || result not-migrated <"$scratch/log"
    all_paths migrated
    docker restart "$copy-code" >"$scratch/log" 2>&1 || result error <"$scratch/log"
    wait_for_code >"$scratch/log" 2>&1 || { in_time; result not-restarted <"$scratch/log"; }
    all_paths restarted
    in_time
    result passed </dev/null
}

main "$@"; exit
