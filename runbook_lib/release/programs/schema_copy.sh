# shellcheck shell=bash disable=SC2154,SC2034,SC2317
# A copy of the live schema that nobody else can reach, and a release's migrations on it. Follows git_reading.sh; the
# program that follows sets $checkout, $commit, $database, $user, $scratch and $copy. The copy is a PostgreSQL of its own
# without a network and with its data in memory; it ends by itself after LIMIT_S should nobody be left to remove it. The
# live database is only read.

set -uo pipefail
export LC_ALL=C
readonly LIMIT_S=300

result() { printf 'result\t%s\t%s\n' "$1" "$(tail -c 3000 | encoded)"; exit 0; }

one_container() {
    docker ps --quiet --no-trunc --filter "label=com.docker.compose.project=$1" --filter "label=com.docker.compose.service=$2" | head -n 1
}

# The release's own image where it is built; else the image of a running backend: its libraries, the release's code.
backend_image() {
    local colour running
    if docker image inspect "gw2-backend:$2" >/dev/null 2>&1; then echo "gw2-backend:$2"; return; fi
    for colour in backend-blue backend-green; do
        running=$(one_container "$1" "$colour")
        if [[ -n $running ]]; then docker inspect --format '{{.Config.Image}}' "$running"; return; fi
    done
}

start_copy() {
    docker run --detach --rm --name "$copy" --label org.gw2.runbook=schema-copy --network none --memory 512m --cpus 1 \
        --tmpfs /var/lib/postgresql/data:size=400m --env POSTGRES_USER="$user" --env POSTGRES_DB="$database" \
        --env POSTGRES_HOST_AUTH_METHOD=trust --entrypoint timeout "$1" "$LIMIT_S" docker-entrypoint.sh postgres || return
    local deadline=$((SECONDS + 60))
    until docker exec "$copy" pg_isready --quiet --host 127.0.0.1 --username "$user" --dbname "$database"; do
        ((SECONDS < deadline)) || { docker logs --tail 20 "$copy"; return 1; }
        sleep 0.3
    done
}

# The live schema and its revision, without a single row of data; prints the revision.
copy_schema() {
    docker exec "$1" pg_dump -U "$user" -d "$database" --lock-wait-timeout=30s --schema-only --no-owner --no-privileges </dev/null | into_copy || return
    if [[ $(docker exec "$1" psql -XqAt -U "$user" -d "$database" -c "SELECT to_regclass('public.alembic_version')") ]]; then
        docker exec "$1" pg_dump -U "$user" -d "$database" --lock-wait-timeout=30s --data-only --table=public.alembic_version </dev/null | into_copy
        revision "$copy"
    fi
}

into_copy() {
    docker exec --interactive "$copy" psql -XqAt -v ON_ERROR_STOP=1 --single-transaction -U "$user" -d "$database" >/dev/null
}

revision() {
    docker exec "$1" psql -XqAt -U "$user" -d "$database" -c 'SELECT version_num FROM public.alembic_version ORDER BY 1'
}

compare_libraries() {
    local theirs ours
    theirs=$(docker run --rm --network none --entrypoint cat "$1" requirements.txt 2>/dev/null | sha256sum)
    ours=$(git -C "$checkout" show "$commit:backend/requirements.txt" 2>/dev/null | sha256sum)
    printf 'libraries\t%s\n' "$([[ $theirs == "$ours" ]] && echo same || echo different)"
}

migrate() {
    local address="postgresql://$user@127.0.0.1:5432/$database"
    git -C "$checkout" archive "$commit:backend" | timeout "$LIMIT_S" docker run --interactive --rm --name "$copy-migrations" \
        --label org.gw2.runbook=schema-copy --network "container:$copy" --memory 512m --tmpfs /tmp:mode=1777 \
        --env DATABASE_URL="$address" --env ASYNC_SQLALCHEMY_DATABASE_URI="${address/postgresql:/postgresql+asyncpg:}" \
        --entrypoint sh "$1" -c 'mkdir /tmp/release && tar -x -C /tmp/release && cd /tmp/release && exec alembic upgrade head'
}
