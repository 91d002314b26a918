# shellcheck shell=bash disable=SC2154,SC2034,SC2317
# One version's code on a copy of the live schema. Follows read_git.sh and schema_copy.sh:
#   bash -s -- VERB CHECKOUT COMMIT PROJECT SERVICE CACHE DATABASE USER READY IMAGE FOLDER WORD…, with the verbs and words
#   start API live       the code that is live in the service API
#   start API release    the code of COMMIT, with the live settings
#   migrate COPY         the migrations of COMMIT on a started copy
#   restart API COPY     the live code once more, from its very start
# READY is asked until the code answers. SERVICE is the database's; CACHE is empty where there is none. IMAGE is the
# release's own, built from FOLDER.
# Code, database and cache share one network namespace that leads nowhere. All of them end after LIMIT_S, so that a run
# that dies leaves nothing behind.

# asks until there is an answer: to start Python for each question takes longer than the code may need to start. A proxy that the
# settings name is not for this address.
readonly READY='
import sys, time, urllib.request as ask
until, direct = time.monotonic() + int(sys.argv[2]), ask.build_opener(ask.ProxyHandler({}))
while True:
    try:
        direct.open("http://127.0.0.1:8000" + sys.argv[1], timeout=5)
        break
    except Exception:
        if time.monotonic() > until:
            raise
        time.sleep(0.1)
'

start() {
    remove_remains
    local api=$1 code=$2 image='' built live backend redis=''
    copy="runbook-schema-copy-$project-$$-${RANDOM}"
    trap 'docker rm --force --volumes "$copy-code" "$copy-redis" "$copy" >/dev/null 2>&1; rm -rf -- "$scratch"' EXIT
    built=$(docker image ls --quiet "$release_image" 2>"$scratch/log") || result error <"$scratch/log"
    [[ -n $built ]] || result no-image <<<'the release has no image on the server'
    [[ $code == live ]] || image=$release_image
    live=$(one_container "$project" "$service" 2>"$scratch/log") || result error <"$scratch/log"
    [[ -n $live ]] || result no-database <<<'no database is running'
    backend=$(one_container "$project" "$api" 2>"$scratch/log") || result error <"$scratch/log"
    [[ -n $backend ]] || result no-live-backend <<<"$api is not running"
    start_copy_of "$live" >"$scratch/log" 2>&1 || result error <"$scratch/log"
    whole_schema "$live"
    [[ -z $cache ]] || redis=$(one_container "$project" "$cache" 2>"$scratch/log") || result error <"$scratch/log"
    [[ -z $redis ]] || start_redis "$redis" >"$scratch/log" 2>&1 || result error <"$scratch/log"
    start_code "$backend" "$image" >"$scratch/log" 2>&1 || result error <"$scratch/log"
    printf 'copy\t%s\ncode\t%s\ncontainers\t%s\n' "$copy" "$copy-code" "$copy-code $copy-redis $copy-migrations $copy"
    # from here on the caller removes the copy: it is still needed
    trap 'rm -rf -- "$scratch"' EXIT
    result passed </dev/null
}

start_redis() {
    local image; image=$(image_of "$1") || return
    run_limited "$copy-redis" --rm --label "$LABEL" --label "$OF_PROJECT=$project" --network "container:$copy" \
        --memory 128m --tmpfs /data -- "$image" \
        redis-server --bind 127.0.0.1 --dir /data --save '' --appendonly no
}

# start_code BACKEND [IMAGE]: the live image, or IMAGE, with the settings of the running BACKEND; only database, cache and
# log differ. The settings hold secrets: they pass by file descriptor, and the container has no network to leak them to.
start_code() {
    local words command settings image address="postgresql://$user@127.0.0.1:5432/$database"
    image=${2:-$(docker inspect --format '{{.Image}}' "$1")} || return
    command=$(docker inspect --format '{{range .Config.Entrypoint}}{{println .}}{{end}}{{range .Config.Cmd}}{{println .}}{{end}}' "$1") || return
    mapfile -t words < <(sed '/^$/d' <<<"$command")
    # without them the code would run with the image's own, and its failure be the release's
    settings=$(docker inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "$1") || return
    # no --rm: a code that ends at once takes the reason with it otherwise
    run_limited "$copy-code" --label "$LABEL" --label "$OF_PROJECT=$project" --network "container:$copy" \
        --memory 512m --tmpfs /tmp:mode=1777 --env-file <(printf '%s\n' "$settings") \
        --env DATABASE_URL="$address" --env ASYNC_SQLALCHEMY_DATABASE_URI="${address/postgresql:/postgresql+asyncpg:}" \
        --env REDIS_URL=redis://127.0.0.1:6379/0 --env LOG_TO_FILE=false --env WEB_CONCURRENCY=1 \
        -- "$image" "${words[@]}" || return
    local deadline=$((SECONDS + 90))
    until docker exec "$copy-code" python3 -c "$READY" "$ready" "$((deadline - SECONDS))" 2>/dev/null; do
        if ((SECONDS >= deadline)) || [[ $(docker inspect --format '{{.State.Running}}' "$copy-code") != true ]]; then
            docker logs --tail 20 "$copy-code"
            return 1
        fi
        sleep 0.5
    done
}

migrate_copy() {
    copy=$1
    trap 'docker rm --force --volumes "$copy-migrations" >/dev/null 2>&1; rm -rf -- "$scratch"' EXIT
    local after
    migrate "$release_image" >"$scratch/log" 2>&1 || not_done
    after=$(revision "$copy" 2>>"$scratch/log") || result error <"$scratch/log"
    printf 'after\t%s\n' "$after"
    result passed <"$scratch/log"
}

# restart API COPY: code that migrates, or checks its schema, when it starts may run on and never start again,
# which is what a rollback needs of it.
restart() {
    local backend
    copy=$2
    trap 'rm -rf -- "$scratch"' EXIT
    backend=$(one_container "$project" "$1" 2>"$scratch/log") || result error <"$scratch/log"
    [[ -n $backend ]] || result no-live-backend <<<"$1 is not running"
    docker rm --force --volumes "$copy-code" >/dev/null 2>&1
    start_code "$backend" '' >"$scratch/log" 2>&1 || not_done
    result passed </dev/null
}

main() {
    local verb=$1
    checkout=$2 commit=$3 project=$4 service=$5 cache=$6 database=$7 user=$8 ready=$9 release_image=${10} folder=${11}
    scratch=$(mktemp -d) || exit 1
    find_commit "$checkout" "$commit" "$scratch"
    case $verb in
        start) start "${12}" "${13}" ;;
        migrate) migrate_copy "${12}" ;;
        restart) restart "${12}" "${13}" ;;
    esac
}

main "$@"; exit
