# shellcheck shell=sh
# What on a server shows who migrates a database: files of the project's folder and of a container of each service, and tables
# of its PostgreSQL. Names and a few texts are read, and nothing of the project is run. Follows own_session.sh.
# Arguments: the folder, the Compose project, the names of tables that tools keep, comma-separated, and the texts to look for.
# Prints `place<TAB>SERVICE` (empty for the folder), then `name<TAB>FILE` and `mark<TAB>NUMBER OF THE TEXT<TAB>FILE` of
# what lies there; and `table<TAB>SERVICE<TAB>TABLE`.
set -u
folder=$1 project=$2 tables=$3; shift 3
label=com.docker.compose
# shellcheck disable=SC2016 # read by the shell of a container, which may be busybox
seen='
for top in "$1" /app /srv /code /usr/src/app /opt; do
    [ "$top" != / ] && cd "$top" 2>/dev/null || continue
    find . -maxdepth 7 \( -name node_modules -o -name site-packages -o -name dist-packages -o -name vendor -o -name ".[!.]*" \) -prune -o \
        -type f \( -name alembic.ini -o -name manage.py -o -name schema.prisma -o -name "knexfile.*" -o -name pyproject.toml \
        -o -name go.mod -o -name Cargo.toml -o -name "[0-9]*_*.sql" -o -name "V*__*.sql" -o -name "[0-9]*_*.rb" -o -name "[0-9]*.php" \
        -o -name "[0-9]*_*.exs" -o -path "*/migrations/[0-9]*.py" -o -path "*/migrations/*/migration.sql" \) -print 2>/dev/null | head -n 2000
    [ "$2" = all ] || break
done | sort -u'
texts='
cd "$1" 2>/dev/null || exit 0
shift
while IFS= read -r name; do
    number=0
    for text; do
        number=$((number + 1))
        if grep -qF -e "$text" "$name" 2>/dev/null; then printf "mark\t%s\t%s\n" "$number" "${name#./}"; fi
    done
done'
may_hold() { grep -E '\.(sql|toml|mod)$' | head -n 100; }
shown() { sed -n 's#^\./#name	#p'; }

printf 'place\t\n'
names=$(timeout 30 sh -c "$seen" seen "$folder" one) || names=
printf '%s\n' "$names" | shown
printf '%s\n' "$names" | may_hold | sh -c "$texts" texts "$folder" "$@"
asked=' '
docker ps --filter "label=$label.project=$project" --filter "label=$label.oneoff=False" \
    --format "{{.ID}} {{.Label \"$label.service\"}}" | while read -r id service; do
    case $asked in *" $service "*) continue ;; esac
    asked="$asked$service "
    found=$(timeout 20 docker exec "$id" sh -c "command -v psql >/dev/null || exit 3
        PGOPTIONS='$OWN_SESSION' PGCONNECT_TIMEOUT=5 psql -XAtq -U \"\${POSTGRES_USER:-postgres}\" -d \"\${POSTGRES_DB:-\${POSTGRES_USER:-postgres}}\" -c \"
        SELECT tablename FROM pg_catalog.pg_tables WHERE tablename = ANY (string_to_array('$tables', ','))\"" 2>/dev/null </dev/null)
    case $? in
    0) printf '%s\n' "$found" | sed -n "s#^[a-z_]\{1,\}\$#table	$service	&#p"; continue ;;
    3) ;;
    *) continue ;;
    esac
    top=$(docker inspect --format '{{.Config.WorkingDir}}' "$id") || continue
    names=$(timeout 30 docker exec "$id" sh -c "$seen" seen "${top:-/}" "$([ -n "${top#/}" ] && echo one || echo all)" 2>/dev/null </dev/null) || continue
    printf 'place\t%s\n' "$service"
    printf '%s\n' "$names" | shown
    printf '%s\n' "$names" | may_hold | timeout 30 docker exec --interactive "$id" sh -c "$texts" texts "${top:-/}" "$@" 2>/dev/null
done
