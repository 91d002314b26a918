# shellcheck shell=bash disable=SC2154,SC2034,SC2329
# Validates a release's configuration before it touches anything: `bash -s -- CHECKOUT COMMIT PROJECT COUNT FILE… NAME=VALUE… -- RUN…`.
# FILE: the COUNT Compose files in their order. Follows whole_lines.sh, own_session.sh, limited.sh, read_git.sh, whole_tree.sh,
# env_files.sh and proxy_directives.sh. The commit is laid out in a folder of its own; each run is a container of the image that will read
# the files, without a network, with nothing of the live services but the server's certificates, read-only. It is removed
# in any case, and ends on its own after LIMIT_S should this program die.
# A NAME=VALUE is a file to write into the folder, `path=base64`. A RUN is base64 of NUL-ended words:
#   SERVICE MODE IMAGE SOURCES PROGRAM READY-WORDS READY… OPTIONS-WORDS OPTIONS… COMMAND…
# With .runbook/release.env, .runbook/services and .runbook/placeholders among the files: which running services Compose
# would make anew, as `recreate SERVICE`; `dry-run failed` where Compose could not say. Of a started one that is live too, the settings that differ: `restart SERVICE NAME` where the program
# takes it only when it starts, else `reload SERVICE NAME NEW(base64) OLD(base64)`; PostgreSQL's
# `reload SERVICE` alone, and as `value SERVICE NAME NEW(base64) OLD(base64)` those on which its data depend. `used SERVICE BYTES` is
# what a cache holds.
# Of an nginx: `proxy SERVICE release|live`, then a `directive` of proxy_directives.sh for each that is shown.
# Prints `run SERVICE MODE OUTCOME SECONDS OUTPUT(base64)`, and for a failed one its mounted files.

set -uo pipefail
export LC_ALL=C
readonly LIMIT_S=120 START_S=90
# for a shell in the container: an empty password is a log-in all the same, which a Redis without one refuses
# shellcheck disable=SC2016
readonly REDIS_CLIENT='
    if [ -n "${REDIS_PASSWORD-}" ]; then export REDISCLI_AUTH="$REDIS_PASSWORD"; fi
    client() { "$(command -v redis-cli || command -v valkey-cli || command -v keydb-cli)" --no-auth-warning "$@"; }
'
readonly LABEL=runbook.job=configuration-validation OF_PROJECT=runbook.project

main() {
    local checkout=$1 commit_wanted=$2; project=$3 files=("${@:5:$4}"); shift $((4 + $4))
    scratch=$(mktemp -d) || exit 1
    prefix=configuration-validation-$project-$$-$RANDOM
    trap end EXIT
    commit='' kind='' fetched=''
    find_commit "$checkout" "$commit_wanted" "$scratch"
    mkdir "$scratch/tree" && whole_tree "$checkout" "$commit" | tar -x -C "$scratch/tree" || exit 1
    # the project may be a folder of the repository, and what it mounts is named from there
    tree=$(git -C "$checkout" rev-parse --show-prefix) && tree=$scratch/tree/$tree && tree=${tree%/} || exit 1
    mkdir -p "$tree" || exit 1
    # containers read it as other users than ours
    chmod -R a+rX "$scratch" || exit 1
    while [[ $# -gt 0 && $1 != -- ]]; do
        mkdir -p "$(dirname "$tree/${1%%=*}")" && base64 -d <<<"${1#*=}" >"$tree/${1%%=*}" || exit 1
        shift
    done
    shift
    recreated "$checkout"
    local number=0 spec
    for spec; do
        number=$((number + 1))
        # two at a time: users' requests need the processors too
        ((number <= 2)) || wait -n
        try "$number" "$spec" >"$scratch/result-$number" &
    done
    wait
    for ((number = 1; number <= $#; number++)); do cat "$scratch/result-$number"; done
}

# a stopped run must not leave a container behind: its own limit would end it, but only later
end() {
    local left
    # a name is a pattern here, and matches anywhere: -12-3 would be found in -12-34-1
    left=$(docker ps --all --quiet --filter "label=$LABEL" --filter "label=$OF_PROJECT=$project" --filter "name=^/?$prefix-")
    # shellcheck disable=SC2086
    [[ -z $left ]] || docker rm --force --volumes $left >/dev/null 2>&1
    rm -rf -- "$scratch"
}

# recreated CHECKOUT: asked of Compose itself, which changes nothing in a dry run. Only names of services pass: its
# messages may show values. The release is resolved in its own folder first, because what it includes, extends and takes
# variables from are files of the release too; then it is taken as if it lay in the checkout. An image that is not on the
# server is a change like others: it is not asked for (--pull never), or there would be no answer.
recreated() {
    local services compose resolved output alone path options=() variables=()
    [[ -s $tree/.runbook/release.env ]] || return 0
    mapfile -t services <"$tree/.runbook/services"
    # a secret that the release needs and the server does not have yet has no value to compare
    # Compose loads its builder also in a dry run, and that writes below HOME
    compose=(env "BUILDX_CONFIG=$scratch/buildx" timeout 60 docker compose --project-name "$project" --ansi never --env-file "$tree/.runbook/placeholders")
    [[ ${variables_file:-.env} == .env && ${#env_files[@]} == 0 ]] \
        || mapfile -t variables < <(own_env "$1" "$tree" "$commit" "${env_files[@]}")
    compose+=("${variables[@]/#/--env-file=}" --env-file "$tree/.runbook/release.env")
    [[ ! -r $1/${secrets_file:-.env.secrets} ]] || compose+=(--env-file "$1/${secrets_file:-.env.secrets}")
    for path in "${files[@]}"; do options+=(--file "$tree/$path"); done
    # links: a change of a value makes a container anew
    until resolved=$("${compose[@]}" --project-directory "$tree" "${options[@]}" --profile '*' config 2>"$scratch/error" </dev/null); do
        give_env_file "$tree" "$1" link <"$scratch/error" || { printf 'dry-run\tfailed\n'; return; }
    done
    resolved=${resolved//"$tree"/"$1"}
    resolved=${resolved//"$scratch/tree"/"$(git -C "$1" rev-parse --show-toplevel)"}
    # one that the release lacks is another check's, and Compose would name it in place of an answer
    mapfile -t services < <(services_in "${services[@]}" <<<"$resolved")
    ((${#services[@]})) || return 0
    output=$(made_anew "$1" <<<"$resolved") || { printf 'dry-run\tfailed\n'; return; }
    [[ -n $output ]] || return 0
    # Compose up to 2.26 at least compares depends_on too, of what is started together: a service that a step starts alone
    # would look changed for ever. A changed one differs with its dependencies and without them
    alone=$(without_dependencies <<<"$resolved" | made_anew "$1") || alone=$output
    comm -12 <(printf '%s\n' "$output") <(printf '%s\n' "$alone") | service_of
}

# made_anew CHECKOUT, a resolved file on standard input: names of containers. --no-start: a dry run waits for the health of
# what others need as well, and fails where that is stopped: just when a release or a rollback is to start it. What would be
# made anew is decided before anything starts
made_anew() {
    local printed
    printed=$("${compose[@]}" --project-directory "$1" --file - --dry-run up --no-start --no-build --pull never --no-deps \
        "${services[@]}" 2>&1) || return
    # Compose from 5.0 on prints a detail behind it, which is empty
    sed -n 's/.*Container \([^ ]*\) *Recreated\{0,1\} *$/\1/p' <<<"$printed" | sort -u
}

# services_in NAME…, a resolved file on standard input: those of the names that it has. Compose prints them two spaces deep
services_in() {
    awk '/^[^ ]/ { within = /^services:/; next } within && /^  [^ ]/ { gsub(/[ ":]|\047/, ""); print }' | grep -xF "$(printf '%s\n' "$@")"
}

# Compose prints a service's keys four spaces deep
without_dependencies() { awk '/^    depends_on:/ { within = 1; next } within && /^     / { next } { within = 0; print }'; }

# service_of, names of containers on standard input: a name need not show the service
service_of() {
    local name service known
    known=$(docker ps --all --no-trunc --filter "label=com.docker.compose.project=$project" \
        --format '{{.Names}} {{.Label "com.docker.compose.service"}}')
    while IFS= read -r name; do
        service=$(awk -v name="$name" '$1 == name { print $2 }' <<<"$known")
        [[ -n $service ]] && printf 'recreate\t%s\n' "$service" || printf 'dry-run\tfailed\n'
    done
}

# live_container: nothing where none is running; fails where the engine does not answer, which is not the same
live_container() {
    local found
    found=$(docker ps --quiet --filter status=running --filter "label=com.docker.compose.project=$project" \
        --filter "label=com.docker.compose.service=$service") || return
    printf '%s\n' "${found%%$'\n'*}"
}

# reads_the_data CONTAINER: on empty data every version starts. PostgreSQL refuses the files of another major version, which
# would show only when the live database is down. 125: it is not known.
reads_the_data() {
    local live new old
    [[ $program == postgres || $program == redis ]] || return 0
    live=$(live_container) || return 125
    [[ -n $live ]] || return 0
    if [[ $program == redis ]]; then reads_redis "$live" "$1"; return; fi
    old=$(postgres_major "$live") && new=$(postgres_major "$1") || return 125
    [[ -z $old || -z $new || $old == "$new" ]] && return 0
    echo "FATAL: the live data are PostgreSQL $old's, and $image is PostgreSQL $new, which cannot read them: pg_upgrade," \
        "or a dump and a restore, come first"
    return 1
}

postgres_major() { docker exec "$1" sh -c 'cat "${PGDATA:-/var/lib/postgresql/data}/PG_VERSION"' </dev/null; }

# reads_redis LIVE CONTAINER: Redis reads what an older one wrote, and nothing of a newer one: an undo would return to a Redis that
# does not start, once the new one has written. Where the live one keeps nothing on a disk, there is nothing to read. What
# neither its files nor its version shows is left to the start itself.
reads_redis() {
    local live new stored written writes
    live=$(redis_data "$1" read) && new=$(redis_data "$2" save) || return 125
    stored=$(newest_format <<<"$live") written=$(newest_format <<<"$new")
    [[ -n $stored && -n $written ]] || return 0
    # Source: rdb.h of each version; Valkey names the Redis whose format it has
    case $(sed -n 's/^redis_version://p' <<<"$live") in
        [56].*) writes=9 ;; 7.0.*) writes=10 ;; 7.2.*) writes=11 ;; 7.4.* | 8.0.*) writes=12 ;; *) writes=$written ;;
    esac
    if ((written < stored)); then
        echo "FATAL: the live data are of Redis' format $stored, and $image, whose own is $written, cannot read them"
    elif ((written > writes && written > stored)); then
        echo "FATAL: $image writes its data in format $written, which the live version (format $writes) cannot read: no undo could" \
            "return to it. Change it by hand in a maintenance window, with a copy of the data; then deploy the release"
    else
        return 0
    fi
    return 1
}

newest_format() { sed -nE 's/^(REDIS|VALKEY)0*([0-9]+)$/\2/p' | sort -n | tail -n 1; }

# redis_data CONTAINER HOW: the first bytes of each file with data, and its version; with `save`, after it wrote them
redis_data() {
    docker exec "$1" sh -c "$REDIS_CLIENT"'
        ask() { client "$@" | tr -d "\r"; }
        [ "$1" != save ] || ask SAVE >/dev/null 2>&1
        dir=$(ask CONFIG GET dir | tail -n 1) file=$(ask CONFIG GET dbfilename | tail -n 1) folder=$(ask CONFIG GET appenddirname | tail -n 1)
        for one in "$dir/$file" "$dir/${folder:-appendonlydir}"/*.rdb "$dir"/*.aof; do
            [ ! -f "$one" ] || { head -c 9 "$one" | tr -cd "A-Z0-9"; echo; }
        done
        ask INFO server | grep "^redis_version:" || true' redis-data "$2" </dev/null
}

# compare CONTAINER: the settings of a started service against those of the live one
compare() {
    local live kind name value old
    live=$(live_container) || return 125
    [[ -n $live ]] || return 0
    case $program in
        postgres) printf 'reload\t%s\n' "$service"
            # a side that cannot be asked would look like one without settings
            postgres_settings "$live" >"$scratch/$1-live" && postgres_settings "$1" >"$scratch/$1-new" || return 125
            followed "$scratch/$1-live" "$scratch/$1-new" | while IFS=$'\t' read -r kind name value old; do
                if [[ $kind == restart ]]; then printf 'restart\t%s\t%s\n' "$service" "$name"
                else printf 'value\t%s\t%s\t%s\t%s\n' "$service" "$name" "$(printf %s "$value" | encoded)" "$(printf %s "$old" | encoded)"; fi
            done ;;
        redis) compare_redis "$live" "$1" ;;
    esac
}

# postgres_settings CONTAINER, with where each value is from: `restart`, those that only a restart changes; where data and files
# lie is the same in both. `kept`, those on which the safety of the data depends. `reads` says whose postgresql.conf it is.
postgres_settings() {
    docker exec --env "PGOPTIONS=$OWN_SESSION" --env PGCONNECT_TIMEOUT=5 "$1" sh -c 'psql -XqAt -F "	" -U "${POSTGRES_USER:-postgres}" -d "${POSTGRES_DB:-postgres}" -c "$1"' ask \
        "WITH found AS (SELECT name, setting, context, CASE WHEN source = 'command line' THEN 'named' WHEN source IN ('default', 'override') THEN 'none'
                WHEN source IN ('database', 'user', 'database user') OR sourcefile ~ 'postgresql[.]auto[.]conf$' THEN 'set'
                WHEN starts_with(sourcefile, current_setting('data_directory') || '/') THEN 'data' ELSE '' END AS place FROM pg_settings)
         SELECT 'restart', name, setting, place FROM found WHERE context = 'postmaster' AND name !~ '_(directory|file)$' UNION ALL
         SELECT 'kept', name, setting, place FROM found
          WHERE name IN ('archive_mode', 'autovacuum', 'fsync', 'full_page_writes', 'max_connections', 'synchronous_commit', 'TimeZone') UNION ALL
         SELECT 'reads', 'data', starts_with(current_setting('config_file'), current_setting('data_directory') || '/')::text, ''" </dev/null
}

# followed LIVE NEW: the settings that the release changes, as `restart NAME` and `kept NAME NEW OLD`. What ALTER SYSTEM, a role or
# the postgresql.conf among the data has set stays in force, unless the release's command names it or another file takes that one's
# place: it would be restarted for it at each release. What PostgreSQL works out of other settings follows them.
followed() {
    awk -F '\t' '{ key = $1 FS $2 } NR == FNR { was[key] = $3; place[key] = $4; next }
        $1 == "reads" { keeps_file = $3; next }
        { new[++count] = $0 }
        END { for (number = 1; number <= count; number++) {
            split(new[number], one, FS); key = one[1] FS one[2]
            stays = one[4] != "named" && (place[key] == "set" || place[key] == "data" && keeps_file == "true") || one[4] == "none" && place[key] == "none"
            if (key in was && (was[key] "" == one[3] "" || stays)) continue
            if (one[1] == "restart") print one[1] FS one[2]
            else if (key in was) print one[1] FS one[2] FS one[3] FS was[key]
        } }' "$1" "$2"
}

compare_redis() {
    local name value old
    redis_settings "$1" >"$scratch/$2-live" && redis_settings "$2" >"$scratch/$2-new" || return 125
    redis_ask "$1" INFO memory | tr -d '\r' | sed -n "s/^used_memory:\([0-9]*\)$/used\t$service\t\1/p"
    comm -13 "$scratch/$2-live" "$scratch/$2-new" | while IFS=$'\t' read -r name value; do
        old=$(sed -n "s/^$name\t//p" "$scratch/$2-live")
        # asked of the one that is thrown away: not every setting can be changed while it runs
        if [[ $(redis_ask "$2" CONFIG SET "$name" "$value") == OK ]]; then
            printf 'reload\t%s\t%s\t%s\t%s\n' "$service" "$name" "$(printf %s "$value" | encoded)" "$(printf %s "$old" | encoded)"
        else
            printf 'restart\t%s\t%s\n' "$service" "$name"
        fi
    done
}

# secrets are no settings: the run has placeholders for them
redis_settings() {
    redis_ask "$1" CONFIG GET '*' | paste - - | grep -Ev '^(requirepass|masterauth|masteruser|.*key-file-pass)' | sort
}

redis_ask() {
    local container=$1; shift
    docker exec "$container" sh -c "$REDIS_CLIENT"'client "$@"' ask "$@" </dev/null
}

# try NUMBER RUN
try() {
    local words name="$prefix-$1" log="$scratch/log-$1" began=$SECONDS outcome
    mapfile -d '' words < <(base64 -d <<<"$2" | sed -z "s#@TREE@#$tree#g")
    service=${words[0]} mode=${words[1]} image=${words[2]} sources=${words[3]} program=${words[4]}
    local count=${words[5]} ready options
    ready=("${words[@]:6:count}")
    words=("${words[@]:6 + count}")
    count=${words[0]} options=("${words[@]:1:count}") words=("${words[@]:1 + count}")
    : >"$log"
    local place
    for place in "${!options[@]}"; do options[place]=$(existing "${options[place]}"); done
    if [[ $mode == read ]]; then outcome='read'
    elif ! docker image inspect "$image" >/dev/null 2>"$log"; then
        # an engine that does not answer is not an image that is missing
        outcome=no-image; docker version >/dev/null 2>&1 || outcome=error
    else
        "$mode" "$name" "$log"; outcome=$?
        case $outcome in 0) outcome=passed ;; 125) outcome=error ;; *) outcome=failed ;; esac
        # a container that an engine took with it says nothing of the files
        [[ $outcome != failed ]] || docker version >/dev/null 2>&1 || outcome=error
    fi
    # what it has read may hold secrets, and goes no further
    if [[ $outcome == passed && $program == nginx ]]; then show_directives "$log"; : >"$log"; fi
    printf 'run\t%s\t%s\t%s\t%s\t%s\n' "$service" "$mode" "$outcome" "$((SECONDS - began))" "$(last_lines 6000 <"$log" | encoded)"
    [[ $outcome == passed || $outcome == no-image ]] || show_sources "$sources"
}

# existing OPTION: Docker would make a folder of the server that is missing, and a run must not; a socket of the server is
# none of its business. Both become an empty folder. A file that lies on the server alone, as many a project keeps a key or a
# password, is that one: the release will find it there.
existing() {
    local source kept
    if [[ $1 =~ ^type=bind,source=([^,]*),target=([^,]*), ]]; then
        source=${BASH_REMATCH[1]} kept=$checkout${BASH_REMATCH[1]#"$tree"}
        if [[ $source == "$tree"/* && ! -e $source && -f $kept ]] \
            && ! git -C "${kept%/*}" ls-files --error-unmatch -- "${kept##*/}" >/dev/null 2>&1; then
            printf '%s' "${1/"$source"/"$kept"}"; return
        fi
        [[ -e $source && ! -S $source ]] || { printf 'type=tmpfs,target=%s' "${BASH_REMATCH[2]}"; return; }
    fi
    printf %s "$1"
}

# check NAME LOG: a program of the image that reads the files and ends. A name outside the project, which nothing here can
# resolve, is given an address; one without a dot is a service that the release does not have.
check() {
    local more=() host status tries=0
    while :; do
        timeout "$LIMIT_S" docker run --rm --name "$1" --label "$LABEL" --label "$OF_PROJECT=$project" "${options[@]}" "${more[@]}" --entrypoint sh \
            "$image" -c "$LIMITED" limited "$LIMIT_S" "${words[@]}" >"$2" 2>&1 </dev/null
        status=$?
        if has_no_shell "$status" "$2"; then
            docker rm --force --volumes "$1" >/dev/null 2>&1
            guard "$1"
            timeout "$LIMIT_S" docker run --rm --name "$1" --label "$LABEL" --label "$OF_PROJECT=$project" "${options[@]}" "${more[@]}" \
                --entrypoint "${words[0]}" "$image" "${words[@]:1}" >"$2" 2>&1 </dev/null
            status=$?
        fi
        host=$(sed -n 's/.*host not found in [a-z ]*"\([A-Za-z0-9-]*\.[A-Za-z0-9.-]*\).*/\1/p' "$2" | head -n 1)
        ((status != 0 && tries < 20)) && [[ -n $host ]] || return "$status"
        tries=$((tries + 1)) more+=(--add-host "$host:127.0.0.1")
    done
}

# show_directives LOG: of the release's nginx, and of the live one, as it would read its files now
show_directives() {
    local live
    printf 'proxy\t%s\trelease\n' "$service"
    directives "$service" release <"$1"
    live=$(live_container) && [[ -n $live ]] || return 0
    timeout 20 docker exec "$live" "${words[@]}" >"$1" 2>/dev/null </dev/null || return 0
    printf 'proxy\t%s\tlive\n' "$service"
    directives "$service" live <"$1"
}

# start NAME LOG: the service as it will run, on empty data; passes when its own health check does
start() {
    local entry=() deadline=$((SECONDS + START_S)) status=''
    # without words of its own Compose leaves the image's
    if [[ ${words[0]-} == @IMAGE@ ]]; then
        mapfile -t entry < <(docker image inspect --format '{{range .Config.Entrypoint}}{{println .}}{{end}}' "$image" | sed '/^$/d')
        words=("${words[@]:1}")
        ((${#words[@]})) || mapfile -t words < <(docker image inspect --format '{{range .Config.Cmd}}{{println .}}{{end}}' "$image" | sed '/^$/d')
    fi
    words=("${entry[@]}" "${words[@]}")
    # not detached: it is removed when it ends, also when this program has ended before it. Appends: on a busy machine it
    # opens its log after what is found here was written there
    docker run --rm --name "$1" --label "$LABEL" --label "$OF_PROJECT=$project" "${options[@]}" --entrypoint sh "$image" \
        -c "$LIMITED" limited "$LIMIT_S" "${words[@]}" >>"$2" 2>&1 </dev/null &
    local started=$! shell=sh
    until healthy "$1"; do
        if ! kill -0 "$started" 2>/dev/null; then
            wait "$started"; status=$?
            if [[ -n $shell ]] && has_no_shell "$status" "$2"; then
                shell='' status=''
                docker rm --force --volumes "$1" >/dev/null 2>&1
                guard "$1"
                docker run --rm --name "$1" --label "$LABEL" --label "$OF_PROJECT=$project" "${options[@]}" --entrypoint "${words[0]}" "$image" \
                    "${words[@]:1}" >>"$2" 2>&1 </dev/null &
                started=$!
                continue
            fi
            # 125: Docker itself could not start it. A service that ends without an error has not started either
            return $((status == 125 ? 125 : 1))
        fi
        if ((SECONDS >= deadline)); then
            echo "its health check did not pass within $START_S s" >>"$2"
            status=1; break
        fi
        sleep 0.3
    done
    [[ -n $status ]] || reads_the_data "$1" >>"$2" 2>&1 || status=$?
    [[ -n $status ]] || compare "$1" 2>>"$2" || status=125
    docker rm --force --volumes "$1" >/dev/null 2>&1
    wait "$started"
    return "${status:-0}"
}

healthy() {
    if ((${#ready[@]} == 0)); then sleep 3; [[ $(docker inspect --format '{{.State.Running}}' "$1" 2>/dev/null) == true ]]; return; fi
    timeout 10 docker exec "$1" "${ready[@]}" >/dev/null 2>&1 </dev/null
}

# show_sources FOLDERS, colon-separated: so that a message without a line can be traced to one
show_sources() {
    local source path
    while IFS= read -r -d : source; do
        find "$tree/$source" -type f -size -100k -print0 2>/dev/null | while IFS= read -r -d '' path; do
            printf 'file\t%s\t%s\t%s\n' "$service" "$(printf %s "${path#"$tree/"}" | encoded)" "$(encoded <"$path")"
        done
    done <<<"$1:"
}

main "$@"; exit
