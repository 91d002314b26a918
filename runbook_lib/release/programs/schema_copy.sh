# shellcheck shell=bash disable=SC2154,SC2034,SC2317,SC2016
# A copy of the live schema that no network reaches, and a release's migrations on it. Follows whole_lines.sh, own_session.sh,
# limited.sh, read_git.sh, whole_tree.sh and image_of.sh; the program
# that follows sets $checkout, $commit, $project, $database, $user, $release_image, $folder, $scratch and $copy. The copy is a PostgreSQL of its own, with its
# data in memory. The live database is only read.

set -uo pipefail
export LC_ALL=C
# A run that dies cannot remove its copy: every container of it ends on its own after this time.
readonly LIMIT_S=300
# whose they are: another environment on this server has copies of its own
readonly LABEL=runbook.job=schema-copy OF_PROJECT=runbook.project

# result OUTCOME, the message on standard input: always the last record. Status 0: an outcome is an answer, not an error.
result() { printf 'result\t%s\t%s\n' "$1" "$(last_lines 3000 | encoded)"; exit 0; }

# not_done: the end of a step that did not go well. An engine that does not answer says nothing about a release.
not_done() {
    docker version >/dev/null 2>>"$scratch/log" || result error <"$scratch/log"
    result failed <"$scratch/log"
}

# one_container PROJECT SERVICE: nothing where none is running; fails where the engine does not answer, which is not the same
one_container() {
    local found
    found=$(docker ps --quiet --no-trunc --filter "label=com.docker.compose.project=$1" --filter "label=com.docker.compose.service=$2" \
        --filter label=com.docker.compose.oneoff=False) || return
    printf '%s\n' "${found%%$'\n'*}"
}

# remove_remains: what a run left that was killed. Its containers have ended by LIMIT_S, those of a code that crashed kept their
# log; a network that is still in use is not removed. What is younger than that may be another run's, which plans at this moment.
remove_remains() {
    docker ps --all --quiet --filter "label=$LABEL" --filter "label=$OF_PROJECT=$project" --filter status=exited \
        | xargs -r docker inspect --format '{{json .Created}} {{.Id}}' | too_old | xargs -r docker rm --force --volumes
    docker network ls --quiet --filter "label=$LABEL" --filter "label=$OF_PROJECT=$project" \
        | xargs -r docker network inspect --format '{{json .Created}} {{.Id}}' | too_old | xargs -r docker network rm
} >/dev/null 2>&1

# too_old: of lines with a date and an id, the ids of what no run can be using any more
too_old() {
    local created id
    while read -r created id; do (($(date -d "${created//\"/}" +%s) + LIMIT_S + 60 > $(date +%s))) || echo "$id"; done
}

# image_to_migrate SERVICE…: the release's own image where it is built; else the image of the first SERVICE that runs, whose
# libraries then run the release's code. A rehearsal must not build: it would change the server.
image_to_migrate() {
    local one running built
    built=$(docker image ls --quiet "$release_image") || return
    if [[ -n $built ]]; then echo "$release_image"; return; fi
    for one; do
        running=$(one_container "$project" "$one") || return
        if [[ -n $running ]]; then image_of "$running"; return; fi
    done
}

# start_copy_of CONTAINER [OPTION…]: without a network, unless options of docker give it one. The image is the live database's
# own, so that the server version is the same; that of version 18 refuses a mount where it does not keep its data. A shell starts
# timeout: coreutils of 2026 ends at once and silently as a container's first process.
start_copy_of() {
    local live=$1 image words=() found name value; shift
    (($#)) || set -- --network none
    image=$(image_of "$live") || return
    # what extensions must find when PostgreSQL starts: without it the schema cannot be made (pgaudit, pg_cron)
    found=$(ours "$live" sh -c 'psql -XqAt -F "	" -U "${POSTGRES_USER:-postgres}" -d "${POSTGRES_DB:-postgres}" -c "$1"' ask \
        "SELECT name, setting FROM pg_settings WHERE name = 'shared_preload_libraries' OR context = 'postmaster' AND name LIKE '%.%'" </dev/null 2>/dev/null)
    while IFS=$'\t' read -r name value; do [[ -z $name ]] || words+=(-c "$name=$value"); done <<<"$found"
    run_limited "$copy" --rm --label "$LABEL" --label "$OF_PROJECT=$project" "$@" --memory 512m --cpus 1 \
        --tmpfs /var/lib/postgresql/data:size=400m --env POSTGRES_USER="$user" --env POSTGRES_DB="$database" \
        --env PGDATA=/var/lib/postgresql/data --env POSTGRES_HOST_AUTH_METHOD=trust -- "$image" docker-entrypoint.sh postgres "${words[@]}" || return
    local deadline=$((SECONDS + 60))
    # over TCP: while the image initialises its folder, the server answers on the socket only, and then restarts. One program asks
    # until there is an answer: to start another for each question costs ten times what that takes.
    until docker exec "$copy" sh -c 'tries=0; until pg_isready --quiet --host 127.0.0.1 --username "$1" --dbname "$2"; do
            [ "$((tries += 1))" -lt 300 ] || exit 1; sleep 0.1; done' ready "$user" "$database"; do
        ((SECONDS < deadline)) || { docker logs --tail 20 "$copy"; return 1; }
        sleep 0.3
    done
}

# copy_schema CONTAINER: the live schema and its revision, without a single row of data; prints the revision. Gives up when
# a lock is not free within 30 s: a rehearsal must not queue in front of users.
copy_schema() {
    ours "$1" pg_dump -U "$user" -d "$database" --lock-wait-timeout=30s --schema-only --no-owner --no-privileges </dev/null | into_copy || return
    local record
    record=$(ours "$1" psql -XqAt -U "$user" -d "$database" -c "SELECT to_regclass('public.alembic_version')" </dev/null) || return
    if [[ -n $record ]]; then
        ours "$1" pg_dump -U "$user" -d "$database" --lock-wait-timeout=30s --data-only --table=public.alembic_version </dev/null | into_copy || return
    fi
    copy_settings "$1" "rolname = current_user" || return
    [[ -z $record ]] || revision "$copy"
}

# whole_schema CONTAINER: copies it and prints the record `before`, its revision. pg_dump's warnings count as an error: a copy that
# lacks something proves nothing. What the docker client has to say of itself with each command (a configuration of root's) does not.
whole_schema() {
    local before
    if ! before=$(copy_schema "$1" 2>"$scratch/log") || grep -q '^pg_dump: ' "$scratch/log"; then result error <"$scratch/log"; fi
    printf 'before\t%s\n' "$before"
}

# copy_settings CONTAINER ROLES: what the database and its ROLES (a condition) are given in every session, as a search path; no dump of a
# database has it. Last: these sessions of ours would have it, too. What the copy does not know stays out, as a role of the server.
copy_settings() {
    local settings
    settings=$(ours "$1" psql -XqAt -U "$user" -d "$database" -c "SELECT format(E'DO \$runbook\$BEGIN PERFORM set_config(%L, %L, true); EXECUTE %L; EXCEPTION WHEN OTHERS THEN NULL; END\$runbook\$;',
            split_part(one, '=', 1), substr(one, strpos(one, '=') + 1), format('ALTER %s SET %I FROM CURRENT', CASE
                WHEN setrole = 0 THEN format('DATABASE %I', current_database()) WHEN setdatabase = 0 THEN format('ROLE %I', rolname)
                ELSE format('ROLE %I IN DATABASE %I', rolname, current_database()) END, split_part(one, '=', 1)))
        FROM pg_db_role_setting LEFT JOIN pg_roles AS r ON r.oid = setrole, unnest(setconfig) AS one
        WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())) AND (setrole = 0 OR $2)
            AND one NOT LIKE 'runbook.%' ORDER BY setrole, setdatabase" </dev/null) || return
    [[ -z $settings ]] || into_copy <<<"$settings"
}

# ours CONTAINER PROGRAM WORD…: a session of PostgreSQL with our own settings; pg_dump has no limit on its statements
ours() { docker exec --env "PGOPTIONS=$OWN_SESSION" --env PGCONNECT_TIMEOUT=5 "$@"; }

into_copy() {
    docker exec --interactive "$copy" psql -XqAt -v ON_ERROR_STOP=1 --single-transaction -U "$user" -d "$database" >/dev/null
}

revision() {
    ours "$1" psql -XqAt -U "$user" -d "$database" -c 'SELECT version_num FROM public.alembic_version ORDER BY 1'
}

# compare_libraries IMAGE: with other libraries a passed rehearsal proves less, and the finding is a warning.
compare_libraries() {
    local theirs ours
    # what cannot be read on either side is not the same on both
    if theirs=$(docker run --rm --network none --entrypoint cat "$1" requirements.txt 2>/dev/null) \
        && ours=$(git -C "$checkout" show "$commit:$folder/requirements.txt" 2>/dev/null) && [[ $theirs == "$ours" ]]; then
        printf 'libraries\tsame\n'
    else
        printf 'libraries\tdifferent\n'
    fi
}

# migrate IMAGE: the commit's migrations in a container of IMAGE, which shares the copy's loopback and nothing else.
migrate() {
    local address="postgresql://$user@127.0.0.1:5432/$database"
    guard "$copy-migrations"
    whole_tree "$checkout" "$commit:$folder" | timeout "$LIMIT_S" docker run --interactive --rm --name "$copy-migrations" \
        --label "$LABEL" --label "$OF_PROJECT=$project" --network "container:$copy" --memory 512m --tmpfs /tmp:mode=1777 \
        --env DATABASE_URL="$address" --env ASYNC_SQLALCHEMY_DATABASE_URI="${address/postgresql:/postgresql+asyncpg:}" \
        --entrypoint sh "$1" -c 'mkdir /tmp/release && tar -x -C /tmp/release && cd /tmp/release && exec alembic upgrade head'
}
