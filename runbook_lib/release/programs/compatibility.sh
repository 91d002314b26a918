# shellcheck shell=bash disable=SC2154,SC2034,SC2317
# The live backend's image on a copy of the live schema: `bash -s -- start CHECKOUT COMMIT PROJECT DATABASE USER COLOUR`, then
# `bash -s -- migrate CHECKOUT COMMIT PROJECT DATABASE USER COPY` with the name that start printed. Follows schema_copy.sh.
# `start … COLOUR itself` tries the image of COMMIT instead, with the live settings: earlier code on the schema as it is.
# Old code, database and cache share one network namespace that leads nowhere; all of them end by themselves.

start() {
    local project=$1 colour=$2 image='' live backend redis
    copy="runbook-schema-copy-$$-${RANDOM}"
    trap 'docker rm --force "$copy-old" "$copy-redis" "$copy" >/dev/null 2>&1; rm -rf -- "$scratch"' EXIT
    docker image inspect "gw2-backend:$commit" >/dev/null 2>&1 || result no-image <<<'the release has no image on the server'
    [[ ${3:-} != itself ]] || image=gw2-backend:$commit
    live=$(one_container "$project" postgres)
    [[ -n $live ]] || result no-database <<<'no database is running'
    backend=$(one_container "$project" "backend-$colour")
    [[ -n $backend ]] || result no-old-code <<<"backend-$colour is not running"
    start_copy "$(docker inspect --format '{{.Config.Image}}' "$live")" >"$scratch/log" 2>&1 || result error <"$scratch/log"
    printf 'before\t%s\n' "$(copy_schema "$live" 2>"$scratch/log")"
    [[ ! -s $scratch/log ]] || result error <"$scratch/log"
    redis=$(one_container "$project" redis)
    [[ -z $redis ]] || start_redis "$redis" >"$scratch/log" 2>&1 || result error <"$scratch/log"
    start_old_code "$backend" "$image" >"$scratch/log" 2>&1 || result error <"$scratch/log"
    printf 'copy\t%s\n' "$copy"
    trap 'rm -rf -- "$scratch"' EXIT
    result passed </dev/null
}

start_redis() {
    docker run --detach --rm --name "$copy-redis" --label org.gw2.runbook=schema-copy --network "container:$copy" \
        --memory 128m --tmpfs /data --entrypoint timeout "$(docker inspect --format '{{.Config.Image}}' "$1")" "$LIMIT_S" \
        redis-server --bind 127.0.0.1 --dir /data --save '' --appendonly no
}

# The image that serves, with the settings it serves with; only its database, cache and log are others. Secrets come by a
# file descriptor and stay without a network.
start_old_code() {
    local words image address="postgresql://$user@127.0.0.1:5432/$database"
    image=${2:-$(docker inspect --format '{{.Image}}' "$1")} || return
    mapfile -t words < <(docker inspect --format '{{range .Config.Entrypoint}}{{println .}}{{end}}{{range .Config.Cmd}}{{println .}}{{end}}' "$1" | sed '/^$/d')
    docker run --detach --rm --name "$copy-old" --label org.gw2.runbook=schema-copy --network "container:$copy" \
        --memory 512m --tmpfs /tmp:mode=1777 --env-file <(docker inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "$1") \
        --env DATABASE_URL="$address" --env ASYNC_SQLALCHEMY_DATABASE_URI="${address/postgresql:/postgresql+asyncpg:}" \
        --env REDIS_URL=redis://127.0.0.1:6379/0 --env LOG_TO_FILE=false --env WEB_CONCURRENCY=1 \
        --entrypoint timeout "$image" "$LIMIT_S" "${words[@]}" || return
    local deadline=$((SECONDS + 90))
    until docker exec "$copy-old" python3 -c 'import urllib.request as ask; ask.urlopen("http://127.0.0.1:8000/api/v1/health", timeout=5)' 2>/dev/null; do
        if ((SECONDS >= deadline)) || ! docker inspect "$copy-old" >/dev/null; then docker logs --tail 20 "$copy-old"; return 1; fi
        sleep 0.5
    done
}

move() {
    copy=$1
    trap 'docker rm --force "$copy-migrations" >/dev/null 2>&1; rm -rf -- "$scratch"' EXIT
    if migrate "gw2-backend:$commit" >"$scratch/log" 2>&1; then
        printf 'after\t%s\n' "$(revision "$copy")"
        result passed <"$scratch/log"
    fi
    result failed <"$scratch/log"
}

main() {
    local verb=$1 checkout=$2 commit=$3 project=$4 database=$5 user=$6
    scratch=$(mktemp -d) || exit 1
    find_commit "$checkout" "$commit" "$scratch"
    case $verb in
        start) start "$project" "$7" "${8:-}" ;;
        migrate) move "$7" ;;
    esac
}

main "$@"; exit
