# shellcheck shell=bash disable=SC2034,SC2154,SC2329,SC2015,SC2317
# Restores one backup into a disposable PostgreSQL and verifies it there: `bash -s -- CHECKOUT DIRECTORY DATABASE USER
# BACKUP SHA256 LIMIT_S MEMORY_MB TMPFS_MB DATABASE_IMAGE APPLICATION_IMAGES PROJECT SERVICE READY READ…`. READY is asked
# until the application answers. Follows dump_contents.sh, split_dump.sh, load_dump.sh, database_definition.sh and image_of.sh:
# it is loaded as a restore would load it. The copy has no network and no folder of the server: the dump reaches it through a
# pipe. It is removed at the end, and ends automatically after LIMIT_S should this program be killed before. One line goes to
# .runbook/drills.jsonl. Exit 0 when the drill reached a verdict, good or bad; 1 when it could not be carried out.

set -uo pipefail
export LC_ALL=C
umask 077
readonly LABEL=runbook.job=restore-drill OF_PROJECT=runbook.project
readonly EXHAUSTED='No space left on device|out of memory|out of shared memory|terminating connection|server closed the connection'

encoded() { printf '%s' "$1" | base64 -w0; }
now_s() { local up; read -r up _ </proc/uptime; printf '%s' "$up"; }
since() { awk -v from="$1" -v to="$(now_s)" 'BEGIN { printf "%.2f", to - from }'; }

# conclude OUTCOME STAGE MESSAGE: writes the record and exits; nothing else does. passed and failed judge the backup, error
# means that the drill could not be carried out.
conclude() {
    local run outcome=$1 record="$checkout/.runbook/drills.jsonl"
    # what a copy that died or ran out of space could not answer does not judge the backup
    if [[ $outcome == failed && $2 != read ]] && { ! running || grep -qE "$EXHAUSTED" <<<"$3"; }; then outcome=error; fi
    run=$(sed -n 's/.*"run_id": *"\([A-Za-z0-9-]*\)".*/\1/p' "$checkout/.runbook/lock.json" 2>/dev/null)
    mkdir -p -- "$checkout/.runbook"
    # a line that was truncated by a crash stays a line of its own
    [[ ! -s $record || -z $(tail -c 1 -- "$record") ]] || echo >>"$record"
    printf '{"format": 2, "at": "%s", "run_id": "%s", "backup": "%s", "sha256": "%s", "outcome": "%s", "stage": "%s", "message": "%s", "seconds": %s%s}\n' \
        "$(date -u +%Y-%m-%dT%H:%M:%S+00:00)" "$run" "$backup" "$sha256" "$outcome" "$2" "$(encoded "$(first_lines 4000 <<<"$3")")" "$(since "$began")" \
        "$measured" | tee -a -- "$record" || exit 1
    sync -- "$record"
    printf '%s: %s: %s\n' "$outcome" "$2" "$3" >&2
    [[ $outcome != error ]] || exit 1
    exit 0
}

# measure NAME JSON: what could not be asked is null; nothing there would make the whole record unreadable
measure() { measured+=", \"$1\": ${2:-null}"; }

remove() { docker rm --force --volumes "$copy-application" "$copy" >/dev/null 2>&1; rm -rf -- "$scratch"; }

# The environment's lock is held: whatever has our label and its project's is the remains of a drill that was killed. Another
# environment on this server may have a drill of its own.
clear_remains() {
    local one
    for one in $(docker ps --all --quiet --filter "label=$LABEL" --filter "label=$OF_PROJECT=$project"); do
        docker rm --force --volumes "$one" >/dev/null
    done
}

# Whether it is a dump at all shows while it is loaded: it is decompressed once.
read_backup() {
    local from; from=$(now_s)
    [[ -f $file ]] || conclude failed read "There is no such file in $directory."
    measure size_bytes "$(stat -c %s -- "$file")"
    [[ $(sha256sum <"$file" | cut -d' ' -f1) == "$sha256" ]] || conclude failed read "Its bytes are not those that its manifest names."
    measure read_s "$(since "$from")"
}

# What the copy takes from the live server, where that runs: its image and superuser, the libraries that extensions need at
# the start, how many locks there are, how money is written (the dump has it so), tablespaces, and the database's own
# definition. Where it answers, each question must be answered: a copy without these would reject a good backup.
ask_live() {
    local live answer unknown="The live PostgreSQL could not be asked what the copy needs"
    image=$database_image administrator=postgres settings='' spaces='' definition=''
    live=$(docker ps --all --quiet --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.service=$service" \
        --filter label=com.docker.compose.oneoff=False 2>"$scratch/output") \
        || conclude error start "Docker could not be asked for the live PostgreSQL: $(last_lines 500 <"$scratch/output")"
    live=${live%%$'\n'*}
    [[ -n $live ]] || return 0
    image=$(image_of "$live" 2>"$scratch/output") && [[ -n $image ]] \
        || conclude error start "$unknown: $(last_lines 500 <"$scratch/output")"
    prefix=(docker exec --interactive "$live")
    find_administrator "$user" 2>/dev/null || { administrator=postgres; return 0; }
    # one call for all of it: each is a program that Docker starts in the live container
    answer=$({ what_else_of_live; roles_of_definition; definition_queries; } | ask_as "$administrator" template1 -v database="$database" \
        -v staged="$database" -v owner="$user" -v true_limit="$TRUE_LIMIT" -v collation_version=off 2>"$scratch/output") \
        && [[ $'\n'$answer == *$'\ndefinition\n'* ]] || conclude error start "$unknown: $(last_lines 500 <"$scratch/output")"
    settings=$(sed -n $'/^definition$/q; s/^setting\t//p' <<<"$answer") spaces=$(sed -n $'/^definition$/q; s/^space\t//p' <<<"$answer")
    definition=$(sed '1,/^definition$/d' <<<"$answer")
}

# what_else_of_live: SQL that prints `setting<TAB>name=value` and `space<TAB>name`, and then `definition` on a line of its own.
what_else_of_live() {
    cat <<'SQL'
SELECT format(E'setting\t%s=%s', name, setting) FROM pg_settings
    WHERE name IN ('shared_preload_libraries', 'session_preload_libraries', 'lc_monetary', 'max_locks_per_transaction');
SELECT format(E'space\t%s', spcname) FROM pg_tablespace WHERE spcname !~ '^pg_';
SELECT 'definition';
SQL
}

# The timeout inside needs CAP_KILL to end what runs as another user; INT, because on TERM PostgreSQL waits for its
# sessions. A shell starts it: coreutils of 2026 ends at once and silently as a container's first process. Memory is
# bounded and includes the data when they are in memory; else they are in a volume that is removed with the container. The
# image says where it keeps data (18 moved that); nothing there has to survive, so nothing is synced.
start_copy() {
    local from image settings spaces definition data folder place setting options=(); from=$(now_s)
    ask_live
    while IFS= read -r setting; do [[ -z $setting ]] || options+=(-c "$setting"); done <<<"$settings"
    data=$(docker image inspect --format '{{range $path, $_ := .Config.Volumes}}{{println $path}}{{end}}' "$image" 2>/dev/null | sed -n 's%^/var/lib/postgresql%&%p')
    data=${data%%$'\n'*}; data=${data:-/var/lib/postgresql/data} folder=$data
    [[ $data == */data ]] || folder=$data/runbook
    place="type=volume,dst=$data,volume-label=$LABEL,volume-label=$OF_PROJECT=$project"
    ((tmpfs_mb == 0)) || place="type=tmpfs,dst=$data,tmpfs-size=${tmpfs_mb}m"
    docker create --rm --name "$copy" --label "$LABEL" --label "$OF_PROJECT=$project" --network none \
        --memory "${memory_mb}m" --memory-swap "${memory_mb}m" \
        --cpus 1 --pids-limit 256 --cap-drop ALL --cap-add CHOWN --cap-add DAC_OVERRIDE --cap-add FOWNER --cap-add KILL \
        --cap-add SETGID --cap-add SETUID --security-opt no-new-privileges --shm-size 128m --mount "$place" --log-driver json-file \
        --log-opt max-size=5m --env POSTGRES_USER="$administrator" --env POSTGRES_DB=postgres --env POSTGRES_HOST_AUTH_METHOD=trust \
        --env POSTGRES_INITDB_ARGS=--no-sync --env PGDATA="$folder" \
        --entrypoint sh "$image" -c 'timeout "$@"; exit' limited -k 10 -s INT "$limit_s" docker-entrypoint.sh postgres \
        -c max_wal_size=256MB -c fsync=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0 \
        "${options[@]}" >/dev/null 2>"$scratch/output" \
        || conclude error start "The disposable database did not start: $(last_lines 1000 <"$scratch/output")"
    # from its first line on: a copy that ends at once is removed, and takes its log along
    docker start --attach "$copy" 2>&1 | head -c 1000000 >"$scratch/log" & local attached=$!
    prefix=(docker exec --interactive --user postgres "$copy")
    local deadline=$((SECONDS + 180))
    # one program asks until there is an answer: to start another for each question costs ten times what that takes
    until docker exec "$copy" sh -c 'tries=0; until pg_isready --quiet --host 127.0.0.1 --username "$1" --dbname postgres; do
            [ "$((tries += 1))" -lt 300 ] || exit 1; sleep 0.1; done' ready "$administrator" 2>/dev/null; do
        kill -0 "$attached" 2>/dev/null && ((SECONDS < deadline)) \
            || conclude error start "The disposable database did not become ready: $(tail -n 5 "$scratch/log")"
        sleep 0.2
    done
    # of the live server's own image, it is of the version that was asked there
    { [[ -n $definition ]] || find_administrator "$administrator" 2>"$scratch/output"; } && make_database >"$scratch/output" 2>&1 \
        || conclude error start "The database could not be made in the copy: $(last_lines 1000 <"$scratch/output")"
    {
        IFS= read -r setting; measure image "\"$(tr -cd 'A-Za-z0-9./:@_-' <<<"$setting")\""
        IFS= read -r setting; measure network "\"$setting\""
        IFS= read -r setting; measure mounts "$setting"
        IFS= read -r setting; measure binds "$setting"
    } < <(docker inspect --format '{{println .Config.Image}}{{println .HostConfig.NetworkMode}}{{json .Mounts}}{{println}}{{json .HostConfig.Binds}}' "$copy")
    measure start_s "$(since "$from")"
}

# make_database: empty, as a restore on the live server would make it.
make_database() {
    local space number=0
    while IFS= read -r space; do
        [[ -n $space ]] || continue
        docker exec --user postgres "$copy" mkdir -p "$folder/spaces/$((++number))" || return
        ask_as "$administrator" postgres -v space="$space" -v place="$folder/spaces/$number" <<<'CREATE TABLESPACE :"space" LOCATION :'"'place'" || return
    done <<<"$spaces"
    if [[ -z $definition ]]; then
        definition="CREATE DATABASE \"$database\" OWNER \"$user\";"
        [[ $user == "$administrator" ]] || definition="CREATE ROLE \"$user\" LOGIN; $definition"
        ask_as "$administrator" postgres <<<"${definition/; /$';\n'}"
    else
        ask_as "$administrator" postgres <<<"$definition"
    fi
}

running() { [[ $(docker inspect --format '{{.State.Running}}' "$copy" 2>/dev/null) == true ]]; }

restore() {
    local from status
    from=$(now_s)
    gunzip -c -- "$file" 2>"$scratch/gunzip" | with_contents "$scratch/wanted" 2>"$scratch/reading" \
        | LIMIT_S=$limit_s load_dump "$database" "$user" >"$scratch/loaded" 2>"$scratch/output"
    status=("${PIPESTATUS[@]}")
    # 141: its reader ended before it, and is the one to ask
    ((status[0] == 0 || status[0] == 141)) || conclude failed read "gzip cannot read it to its end: $(last_lines 500 <"$scratch/gunzip")"
    ((status[1] == 0 || status[1] == 141)) || conclude error read "It could not be read: $(last_lines 500 <"$scratch/reading")"
    case ${status[2]} in
        0) ;;
        3) conclude failed restore "PostgreSQL rejects it: $(grep -m 1 -A 3 ERROR "$scratch/output" || last_lines 1500 <"$scratch/output")" ;;
        2) ((status[1] != 0)) || is_complete "$scratch/wanted" || conclude failed read "PostgreSQL's end marker is missing."
           conclude failed read "It is not what pg_dump writes: $(last_lines 500 <"$scratch/output")" ;;
        *) conclude error restore "The disposable database ended, or could not do what a load needs: $(last_lines 500 <"$scratch/output")" ;;
    esac
    is_complete "$scratch/wanted" || conclude failed read "PostgreSQL's end marker is missing."
    measure plain_bytes "$(sed -n 's/^plain\t//p' "$scratch/wanted")"
    measure restore_s "$(since "$from")"
}

# verdict_of STATUS: 2 is a comparison that could not be made, which says nothing of the backup
verdict_of() { if (($1 == 2)); then echo error; else echo failed; fi; }

# A dump of the copy must hold what the dump in the folder holds, and that what its manifest names.
compare() {
    local from differences status word
    from=$(now_s)
    differences=$(contents_match_manifest "$scratch/wanted" "$manifest") || conclude "$(verdict_of $?)" read "$differences"
    dump_as_recorded "$manifest" "$file"
    docker exec --user postgres "$copy" "${dumping[@]}" -U "$administrator" -d "$database" 2>"$scratch/output" \
        | with_contents "$scratch/found" 2>"$scratch/reading" >/dev/null
    status=("${PIPESTATUS[@]}")
    [[ ${status[*]} == "0 0" ]] || conclude error compare "The restored copy could not be dumped: $(cat "$scratch/output" "$scratch/reading" | last_lines 500)"
    measure tables "$(grep -c $'^table\t' "$scratch/found")"
    measure rows "$(awk -F '\t' '$1 == "table" { rows += $3 } END { printf "%d", rows }' "$scratch/found")"
    measure objects "$(grep -c $'^object\t' "$scratch/found")"
    measure sequences "$(grep -c $'^sequence\t' "$scratch/found")"
    without_owner_of_public "$scratch/wanted" <"$scratch/found" >"$scratch/same" && mv -f -- "$scratch/same" "$scratch/found" \
        && word=$(contents_digest "$scratch/found") || conclude error compare "What the copy holds could not be read."
    measure contents "\"$word\""
    measure read_rows "{$(for word in "${reads[@]}"; do rows_of "${word#* }"; done | paste -sd,)}"
    measure compare_s "$(since "$from")"
    differences=$(same_contents "$scratch/wanted" "$scratch/found") \
        || conclude "$(verdict_of $?)" compare "The copy does not hold what the backup holds (< backup, > restored): $differences"
}

# rows_of TABLE: as the copy's dump has them, for what the application must show of it.
rows_of() { awk -F '\t' -v name="$1" '$1 == "table" && $2 == name { printf "\"%s\": %s\n", $2, $3 }' "$scratch/found"; }

# Loading checked every row: a CHECK as it came, a foreign key when it was added; each index was built from the rows. What
# the database itself had left unchecked (NOT VALID) came back so, and says nothing about the backup.
constraints() {
    ask_inside "$database" >"$scratch/checked" 2>"$scratch/output" <<'SQL' || conclude error constraints "The constraints could not be counted: $(last_lines 800 <"$scratch/output")"
SELECT count(*) FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_namespace n ON n.oid = c.connamespace
    WHERE contype IN ('f', 'c') AND convalidated AND conrelid <> 0 AND nspname <> 'information_schema' AND nspname !~ '^pg_';
SELECT count(*) FROM pg_catalog.pg_index WHERE indisvalid AND indrelid >= 16384;
SQL
    measure constraints "$(head -n 1 "$scratch/checked")"
    measure indexes "$(tail -n 1 "$scratch/checked")"
}

# The application as it would run after a restore: its migrations first, then its read paths, requested internally. The
# first image whose migrations know the backup's revision is used.
application() {
    local from image address="postgresql://$user@127.0.0.1:5432/$database"; from=$(now_s)
    {
        printf 'DATABASE_URL=%s\nASYNC_SQLALCHEMY_DATABASE_URI=%s\n' "$address" "${address/postgresql:/postgresql+asyncpg:}"
        for image in SECRET_KEY JWT_SECRET_KEY JWT_REFRESH_SECRET_KEY; do printf '%s=%s\n' "$image" "$(head -c 32 /dev/urandom | sha256sum | head -c 64)"; done
        printf 'ENVIRONMENT=staging\nREDIS_URL=redis://127.0.0.1:1/0\nLOG_TO_FILE=false\nWEB_CONCURRENCY=1\n'
    } >"$scratch/environment"
    for image in ${application_images//,/ }; do
        docker image inspect "$image" >/dev/null 2>&1 || continue
        in_application --detach=false "$image" alembic upgrade head >"$scratch/output" 2>&1 || continue
        serve "$image"
        measure application_image "\"$image\""
        measure application_s "$(since "$from")"
        measure reads "$(cat "$scratch/reads")"
        return
    done
    measure reads null
}

# Joins the copy's network namespace: the application reaches the database as on one host, and nothing else at all.
in_application() {  # in_application OPTION IMAGE WORD…
    docker run --rm "$1" --name "$copy-application" --label "$LABEL" --label "$OF_PROJECT=$project" --network "container:$copy" --memory 512m --pids-limit 256 \
        --cap-drop ALL --security-opt no-new-privileges --tmpfs /tmp:mode=1777 --env-file "$scratch/environment" \
        --entrypoint sh "$2" -c 'timeout "$@"; exit' limited -k 10 "$limit_s" "${@:3}" </dev/null
}

serve() {
    local -a words
    mapfile -t words < <(docker image inspect --format '{{range .Config.Entrypoint}}{{println .}}{{end}}{{range .Config.Cmd}}{{println .}}{{end}}' "$1" | sed '/^$/d')
    docker rm --force --volumes "$copy-application" >/dev/null 2>&1
    in_application --detach "$1" "${words[@]}" >/dev/null 2>"$scratch/output" \
        || conclude error application "The application did not start: $(last_lines 800 <"$scratch/output")"
    docker exec --interactive "$copy-application" python3 - "$ready" "${reads[@]}" >"$scratch/reads" 2>"$scratch/output" <<'PYTHON' \
        || conclude error application "The read paths could not be requested: $(last_lines 800 <"$scratch/output")"
import json, sys, time, urllib.error, urllib.request

def get(path):
    began = time.monotonic()
    try:
        with urllib.request.urlopen("http://127.0.0.1:8000" + path, timeout=30) as reply:
            status, body = reply.status, reply.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    except OSError as error:
        status, body = 0, str(error).encode()
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    return {"path": path, "status": status, "seconds": round(time.monotonic() - began, 3), "bytes": len(body)}, value

deadline = time.monotonic() + 180
while get(sys.argv[1])[0]["status"] != 200 and time.monotonic() < deadline:
    time.sleep(0.2)
done = []
for word in sys.argv[2:]:
    path, _, table = word.partition(" ")
    reply, value = get(path)
    page = value if isinstance(value, dict) else {}
    done.append(reply | {"table": table, "total": page.get("total"), "json": value is not None})
    items = page.get("items") or []
    if items and isinstance(items[0], dict) and "id" in items[0]:
        reply, value = get(f"{path.partition('?')[0]}/{items[0]['id']}")
        done.append(reply | {"table": "", "total": None, "json": value is not None})
print(json.dumps(done))
PYTHON
}

main() {
    checkout=$1 directory=$2 database=$3 user=$4 backup=$5 sha256=$6 limit_s=$7 memory_mb=$8 tmpfs_mb=$9
    database_image=${10} application_images=${11} project=${12} service=${13} ready=${14}; reads=("${@:15}")
    measured='' began=$(now_s) copy="runbook-restore-drill-$project-$$-${RANDOM}"
    [[ $backup =~ ^[A-Za-z0-9_]+\.sql\.gz$ && $sha256 =~ ^[0-9a-f]{64}$ ]] || { echo "'$backup' is not the name of a backup." >&2; exit 1; }
    file="$directory/$backup" manifest="$directory/${backup%.sql.gz}.manifest.json"
    scratch=$(mktemp -d) || exit 1
    trap remove EXIT
    trap 'exit 143' TERM INT HUP
    clear_remains
    read_backup
    start_copy
    restore
    compare
    constraints
    application
    conclude passed all "restored and compared$(sed -n -e 's/^unfilled\t/; without rows, because its query fails: /p' \
        -e 's/^unanalyzed\t/; without statistics for the planner, because an expression of it cannot be computed: /p' \
        -e 's/^unfinished\t/; without statistics for the planner, because PostgreSQL ended ANALYZE: /p' "$scratch/loaded" | tr -d '\n')"
}

main "$@"; exit
