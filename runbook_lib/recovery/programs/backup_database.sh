# shellcheck shell=bash disable=SC2329,SC2015
# The backup of one database, step by step, on the server that holds it: `bash -s -- STEP DIRECTORY DATABASE PROJECT …`.
# Follows dump_contents.sh, compression.sh, snapshot_queries.sh and folder_owner.sh.
# A backup under its final name is complete, was read to its end, and has its manifest: `publish` alone gives that name.

set -uo pipefail
export LC_ALL=C
umask 077

fail() { printf '%s\n' "$*" >&2; exit 1; }

# One folder holds at most one unfinished backup. Descriptor 9 is held for the whole step, so that a second backup
# sees that this one is running; `-w 2` because a survey tests this lock for an instant.
lock_partial() {
    exec 9>>"$partial" || fail "Cannot write $partial. Check that the folder exists and belongs to $(id -un)."
    flock -w 2 9 || fail "Another backup is writing $partial. Wait for it, then run again."
}

# A failed dump frees the space that it took: the disk may be full because of it.
end_dump() {
    # it waits for a writer, which never comes when the writer could not start
    [[ -z ${hashing:-} ]] || kill "$hashing" 2>/dev/null
    # still counting, it would keep the job's locks and its output open
    [[ -z ${session:-} ]] || kill "$session" "${answering:-$session}" 2>/dev/null
    rm -rf -- "$scratch"
    (($1 == 0)) || rm -f -- "$partial" "$contents"
    exit "$1"
}

# dump USER LIMIT_S PREFIX…: PREFIX runs a program where the database is (docker compose … exec -T postgres).
# One session keeps the snapshot open and counts in it; pg_dump reads the very same snapshot at the same time. The data pass
# once: what they hold is recorded on their way to the compressor, and what it writes is read to its end at once.
dump() {
    local user=$1 limit_s=$2; shift 2
    take_folder "$directory" "$project" || exit 1
    lock_partial
    : >"$partial"; rm -f -- "$contents" "$checked" "$manifest"
    scratch=$(mktemp -d) || fail "Cannot make a temporary folder: is the disk full?"
    trap 'end_dump $?' EXIT
    local started; read -r started _ </proc/uptime
    local -a inside=("$@" timeout -k 10 "$limit_s" "${WITH_OWN_LIMITS[@]}" "${AS_WHO_MAY_READ[@]}")
    coproc SESSION { exec "${inside[@]}" psql "$user" "$database" -XqAt -v ON_ERROR_STOP=1 -v VERBOSITY=terse 9>&-; }
    local to from
    session=$SESSION_PID
    exec {to}>&"${SESSION[1]}" {from}<&"${SESSION[0]}"
    mkfifo -- "$scratch/bytes" "$scratch/name" || fail "Cannot make a temporary pipe: is the disk full?"
    # for both directions: neither end waits for the other, which may have ended before it began
    local name; exec {name}<>"$scratch/name"
    answers_of_session "$to" "$from" "$name" >"$scratch/answers" & answering=$!
    sha256sum <"$scratch/bytes" >"$scratch/sha256" & hashing=$!
    "${inside[@]}" pg_dump "$user" "$database" "${DUMP_OPTIONS[@]}" <&"$name" \
        | with_contents "$scratch/dumped" | compress | tee --output-error=exit -- "$partial" "$scratch/bytes" | test_compressed
    local status=("${PIPESTATUS[@]}")
    [[ ! -s $scratch/unreadable ]] || fail "No superuser of PostgreSQL may log in over its own socket, and $user may not read all of $database: $(cat -- "$scratch/unreadable"). Let one in (pg_hba.conf, the line \"local\"; LOGIN), which a restore needs as well; or, for backups alone, ALTER ROLE $user BYPASSRLS for rows that policies hide, and GRANT SELECT for the rest. Then run again."
    [[ -e $scratch/snapshot ]] || fail "No snapshot of $database: the database did not answer with a snapshot's name."
    # from the end: when one fails, those before it only lose their reader
    ((status[3] == 0)) || fail "The dump could not be written: is the disk full?"
    ((status[1] != 127)) || fail "The dump cannot be read on this server."
    ((status[2] == 0)) || fail "The compressor ended with status ${status[2]}: is the memory full?"
    ((status[0] == 0)) || fail "pg_dump ended with status ${status[0]}."
    ((status[1] == 0 && status[4] == 0)) || fail "The dump could not be read to its end (${status[*]})."
    wait "$hashing" || fail "The checksum could not be computed."
    hashing=
    # it was compared with the compressor's own checksum of what that read; that this was all of it, its length shows
    (($(tail -c 4 -- "$partial" | od -An -tu4) == $(sed -n 's/^plain\t//p' "$scratch/dumped") % 4294967296)) \
        || fail "What was written is not what was dumped: check the server's memory and disk."
    (echo 'COMMIT; \q' >&"$to")
    wait "$session" && session='' && wait "$answering" && [[ $(tail -n 1 -- "$scratch/answers") == end ]] \
        || fail "The rows could not be counted in the dump's snapshot: was a table dropped or changed meanwhile? Run again."
    record_contents "$started" >"$contents" || fail "What the dump holds could not be recorded: is the disk full?"
    sync -- "$partial" "$contents" || fail "The dump could not be written to the disk."
    printf 'dumped %s: %s bytes compressed\n' "$database" "$(stat -c %s -- "$partial")"
}

# answers_of_session TO FROM NAME: opens the snapshot in the session, hands its name to pg_dump, and prints what is counted in it. In a
# process of its own: writing to a session that has ended would end this program without any sign of it. Answers are
# read at once: a full pipe would hold the session up until the dump is over.
answers_of_session() {
    local snapshot='' unreadable=''
    unreadable_query >&"$1"
    # what pg_dump and the count would end with is only that the snapshot is gone
    if ! IFS= read -r -t 60 unreadable <&"$2"; then :
    elif [[ -n $unreadable ]]; then printf '%s' "$unreadable" >"$scratch/unreadable"
    else
        echo 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT pg_export_snapshot();' >&"$1"
        read -r -t 60 snapshot <&"$2" || snapshot=
    fi
    if [[ $snapshot =~ ^[0-9A-F-]+$ ]]; then : >"$scratch/snapshot"; else snapshot=; fi
    printf '%s\n' "$snapshot" >&"$3"
    [[ -n $snapshot ]] || return
    snapshot_queries >&"$1" && cat <&"$2"
}

# record_contents STARTED: all that is known of the dump, in one file for the steps to come.
record_contents() {
    { grep -E $'^(snapshot|invalid_indexes)\t' -- "$scratch/answers" && revision_of_answers; } | utf_8_json \
        && printf 'started\t%s\nsha256\t%s\n' "$1" "$(cut -d' ' -f1 -- "$scratch/sha256")" || return
    counted_of_answers | counted_names | sed 's/^/counted\t/' && cat -- "$scratch/dumped"
}

# revision_of_answers: the rows of Alembic's table, as JSON; null without one.
revision_of_answers() {
    awk '$0 == "revisions end" { within = 0 } within && $0 != "\\N"; $0 == "revisions" { within = 1 }' <"$scratch/answers" | sort \
        | awk '{ gsub(/[\\"]/, "\\\\&"); all = all sep $0; sep = "," } END { printf "revision\t%s\n", NR ? "\"" all "\"" : "null" }'
}

# counted_of_answers: "<name in hex><TAB><rows>[<TAB><name in hex>]" of each table, from a query or from the tag of a COPY.
counted_of_answers() {
    awk -F '\t' -v OFS='\t' '$1 == "counted" { print $2, $3 ($4 == "" ? "" : OFS $4) }
        $1 == "counting" { name = $2; of = $3; next }
        name != "" && /^COPY [0-9]+$/ { print name, substr($0, 6) (of == "" ? "" : OFS of) }
        { name = "" }' <"$scratch/answers"
}

# An exit status of zero says nothing about a dump: it is compared with the snapshot, and its bytes are read again from
# the disk, which must return those that went there.
check() {
    lock_partial
    [[ -s $contents ]] || fail "There is no finished dump to check in $directory."
    is_complete "$contents" || fail "The dump is truncated: PostgreSQL's end marker is missing."
    diff <(counted_tables | sort) <(grep $'^table\t' -- "$contents" | cut -f2,3 | sort) >&2 \
        || fail "The dump does not hold the rows that the database had in its snapshot (< snapshot, > dump)."
    dd if="$partial" iflag=nocache count=0 status=none  # not from the memory in which they were written
    [[ $(sha256sum <"$partial" | cut -d' ' -f1) == "$(value_of sha256)" ]] \
        || fail "The dump is damaged: the disk returns other bytes than were written."
    printf 'checked %s tables\n' "$(grep -c $'^table\t' -- "$contents")"
    identity "$partial" >"$checked" || fail "Cannot write $checked."
}

# counted_tables: the tables of the snapshot with their rows. Where the dump has rows as those of a partitioned table, which
# has none itself, its partitions together.
counted_tables() {
    awk -F '\t' -v OFS='\t' '$1 == "table" { dumped[$2] } $1 == "counted" { rows[$2] = $3; of[$2] = $4 }
        END { for (one in rows) together[!(one in dumped) && of[one] in dumped ? of[one] : one] += rows[one]
              for (one in together) printf "%s\t%.0f\n", one, together[one] }' <"$contents"
}

# A file that was written to since has another one.
identity() { stat -c '%i %s %.Y %.Z' -- "$1"; }

# The manifest gets its name first: a dump under its final name always has one.
publish() {
    lock_partial
    [[ -s $checked ]] || fail "There is no verified dump in $directory: run the backup again."
    [[ $(identity "$partial") == "$(cat -- "$checked")" ]] || fail "The dump has changed since it was verified: run the backup again."
    local snapshot taken_at name now
    snapshot=$(value_of snapshot)
    taken_at=$(grep -oP '"taken_at" ?: ?"\K[^"]+' <<<"$snapshot")
    [[ $taken_at =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$ ]] || fail "The snapshot has no time."
    name="${database}_$(tr -d ':Z-' <<<"$taken_at" | tr T _).sql.gz"
    [[ ! -e $directory/$name ]] || fail "$directory/$name exists already: run the backup again."
    require_one_server "$(grep -oP '"system" ?: ?"\K[0-9]+' <<<"$snapshot")"
    read -r now _ </proc/uptime
    write_manifest "$name" "$snapshot" "$now" >"$manifest" && seal_manifest "$manifest" \
        || fail "Cannot write the manifest: is the disk full?"
    sync -- "$manifest" && mv -f -- "$manifest" "$directory/${name%.sql.gz}.manifest.json" && sync -- "$directory" \
        && mv -n -- "$partial" "$directory/$name" && sync -- "$directory" && [[ ! -e $partial ]] \
        || fail "The dump could not be given its name."
    rm -f -- "$contents" "$checked"
    printf 'published %s\n' "$directory/$name"
}

value_of() { grep -P "^$1\t" -- "$contents" | cut -f2-; }

# write_manifest NAME SNAPSHOT_JSON UPTIME_NOW. What a restored copy must hold is one value, `contents`: the names of all
# objects are in the dump, and a folder of manifests must stay small.
write_manifest() {
    local seconds kinds digest number sha256 plain statements invalid unreadable
    number=$(numbers | tail -n 1) && sha256=$(value_of sha256) && plain=$(value_of plain) && statements=$(value_of statements) \
        && invalid=$(value_of invalid_indexes) && [[ $number =~ ^[0-9]+$ ]] || return
    seconds=$(awk -v from="$(value_of started)" -v to="$3" 'BEGIN { printf "%.1f", to - from }')
    digest=$(contents_digest "$contents") || return
    unreadable=$(awk -F '\t' '$1 == "unreadable" { printf "%s\"%s\"", sep, $2; sep = ", " }' <"$contents") || return
    kinds=$(awk -F '\t' '$1 == "object" { print $2 }' <"$contents" | sort | uniq -c | awk '{ n = $1; $1 = ""; printf "%s\"%s\": %s", sep, substr($0, 2), n; sep = ", " }') || return
    printf '{"format": 3, "project": "%s", "values": "%s", "number": %s, "file": "%s", "sha256": "%s", "size_bytes": %s, "plain_bytes": %s,\n' \
        "$project" "$PRINTED_NAME" "$((number + 1))" "$1" "$sha256" "$(stat -c %s -- "$partial")" "$plain"
    printf ' "finished_at": "%s", "seconds": %s, "pg_dump_version": "%s", "schema_revision": %s,\n' \
        "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$seconds" "$(value_of pg_dump | tr -cd '[:alnum:] ().:+~_-')" "$(value_of revision)"
    printf ' "snapshot": %s,\n "invalid_indexes": %s, "unreadable": [%s],\n' "$2" "$invalid" "$unreadable"
    printf ' "contents": "%s",\n "statements": "%s",\n' "$digest" "${statements#*$'\t'}"
    printf ' "objects": {%s},\n "sequences": %s, "large_objects": %s,\n' "$kinds" "$(grep -c $'^sequence\t' -- "$contents")" \
        "$(value_of large_objects | cut -f1 | grep . || echo 0)"
    printf ' "tables": [\n'
    awk '/^table\t/' <"$contents" | sort | awk -F '\t' '{ printf "%s{\"table\": \"%s\", \"rows\": %s, \"bytes\": %s, \"content\": \"%s\"}", sep, $2, $3, $4, $5; sep = ",\n" } END { print "" }' || return
    printf ' ],\n'
}

# Backups are counted, because times in names follow a clock that may jump: a line a backup, "<number>", the highest last.
# Fails where a manifest cannot be read: a number that was given before would make the newest backup look like an old one.
numbers() {
    local found
    found=$(find -H "$directory" -maxdepth 1 -name "${database}_*.manifest.json" -exec cat -- {} + | sed -nE 's/.*"number": ([0-9]+).*/\1/p') || return
    printf '0%s\n' "${found:+$'\n'$found}" | sort -n
}

# systems: "<number> <identifier of the PostgreSQL server>" of each of our backups that names one, the newest last.
systems() {
    local file
    for file in "$directory/${database}"_*.manifest.json; do
        ! is_ours "$file" || echo "$(grep -oP -m 1 '"number": \K[0-9]+' -- "$file") $(grep -oP -m 1 '"system" ?: ?"\K[0-9]+' -- "$file")"
    done 2>/dev/null | sed -nE '/^[0-9]+ [0-9]+$/p' | sort -n
}

# require_one_server SYSTEM: another server's backups may lie there from before (this one was made anew); where one was
# added after ours, both are live, and each would restore and delete what the other made.
require_one_server() {
    [[ -n $1 && -n $system && $system != "$1" ]] || return 0
    [[ -n $(systems | sed -n "s/ $1\$//p") ]] || return 0
    fail "Another PostgreSQL server of the project $project has written backups into $directory since this one's last. Give each server a folder of its own."
}

# is_ours MANIFEST: not recorded as another project's. Manifests before there was such a record are the folder's owner's.
is_ours() {
    local of; of=$(grep -oP -m 1 '"project": "\K[^"]*' -- "$1")
    (($? <= 1)) && [[ -z $of || $of == "$project" ]]
}

# seal_manifest FILE: its last line is a sha256 of all lines before it, because nothing else would notice a flipped bit.
seal_manifest() {
    local sha256; sha256=$(sha256sum <"$1" | cut -d' ' -f1)
    printf ' "manifest_sha256": "%s"}\n' "$sha256" >>"$1"
}

# prune KEEP_NEWEST NAME…: checks every name before the first is deleted. Files without a manifest, files of
# another name and the newest good ones, by time and by number, are never deleted, whatever the plan says. A backup that
# cannot be examined makes it keep more, never less.
prune() {
    local keep=$1 name; shift
    local -a good=() newest=() numbered=()
    while IFS= read -r name; do
        is_good "$name" && good+=("$name")
    done < <(find -H "$directory" -maxdepth 1 -type f -name "${database}_*.sql.gz" -printf '%f\n' | sort -r)
    mapfile -t numbered < <(newest_by_number "$keep" "${good[@]}")
    ((${#numbered[@]} == keep || ${#numbered[@]} == ${#good[@]})) || fail "The backups could not be put in order; nothing was deleted."
    newest=("${good[@]:0:keep}" "${numbered[@]}")
    for name; do
        [[ $name =~ ^${database}_[0-9]{8}_[0-9]{6}\.sql\.gz$ ]] || fail "$name is not the name of a backup; nothing was deleted."
        [[ -e $directory/$name ]] || continue
        ! is_of_another_server "$name" || continue
        is_among "$name" "${good[@]}" || fail "$name has no manifest that fits it; nothing was deleted."
        is_among "$name" "${newest[@]}" && fail "$name is one of the newest $keep good backups; nothing was deleted."
    done
    for name; do
        ! is_of_another_server "$name" || { printf 'kept %s, which another PostgreSQL server made\n' "$name"; continue; }
        rm -f -- "$directory/$name" "$directory/${name%.sql.gz}.manifest.json" || fail "Cannot delete $name."
        printf 'deleted %s\n' "$name"
    done
    sync -- "$directory"
}

# is_among WANTED NAME…. Not a pipe into grep -q: that ends at the first hit, the writer may then die of SIGPIPE, and
# under pipefail a hit would count as a miss.
is_among() {
    local wanted=$1 one; shift
    for one; do [[ $one != "$wanted" ]] || return 0; done
    return 1
}

# newest_by_number KEEP NAME…: prints nothing when one number cannot be read.
newest_by_number() {
    local keep=$1 name number lines=''; shift
    for name; do
        number=$(number_of "$name") || return
        lines+="$number $name"$'\n'
    done
    printf %s "$lines" | sort -k 1,1nr -k 2,2r | head -n "$keep" | cut -d' ' -f2
}

# Manifests of format 1 have no number.
number_of() {
    grep -oP '"number": \K[0-9]+' -- "$directory/${1%.sql.gz}.manifest.json"
    case $? in 0) ;; 1) echo 0 ;; *) return 1 ;; esac
}

# A backup is good enough to count when its manifest has its name and size; the newest one was read again in full.
is_good() {
    local about="$directory/${1%.sql.gz}.manifest.json"
    [[ -s $about ]] && is_ours "$about" && ! is_of_another_server "$1" && grep -qF "\"file\": \"$1\"" -- "$about" \
        && grep -qF "\"size_bytes\": $(stat -c %s -- "$directory/$1")," -- "$about"
}

# is_of_another_server NAME: what another one made is never deleted; this one's identifier is in the newest backup.
is_of_another_server() {
    local of; of=$(grep -oP -m 1 '"system" ?: ?"\K[0-9]+' -- "$directory/${1%.sql.gz}.manifest.json")
    [[ -n $of && $of != "$system" ]]
} 2>/dev/null

# expire KEEP_NEWEST KEEP_DAYS: the rule of plans/backup.py (`expired`), for a schedule: the server has no Python for it.
# It may delete less than that rule, never more: a test runs both on the same folders.
expire() {
    local keep=$1 days=$2 now name taken newer='' newer_name='' problem=${RUNBOOK_CLOCK_PROBLEM:-${RUNBOOK_CLOCK_DOUBT:-}}
    local -a good=() old=() going=() numbered=()
    now=$(date +%s)
    while IFS= read -r name; do
        taken=$(taken_at "$name") || continue
        ((taken <= now + 120)) || problem="$name lies in the future"
        # the newest ones count only when every byte is as it was
        is_good "$name" && is_sealed "$name" && { ((${#good[@]} >= keep)) || is_unchanged "$name"; } || continue
        # most gaps are a day; a long one among the newest means that the clock jumped, or that no backup was made
        ((${#good[@]} > keep)) || [[ -z $newer ]] || ((newer - taken <= 8 * 86400)) || problem="days without a backup before $newer_name"
        newer=$taken newer_name=$name good+=("$name")
        ((${#good[@]} > keep && now - taken > days * 86400)) && old+=("$name")
    done < <(find -H "$directory" -maxdepth 1 -type f -name "${database}_*.sql.gz" -printf '%f\n' | sort -r)
    [[ -z $problem ]] || { printf 'nothing is deleted while the clock cannot be trusted: %s\n' "$problem"; return 0; }
    mapfile -t numbered < <(newest_by_number "$keep" "${good[@]}")
    for name in "${old[@]}"; do is_among "$name" "${numbered[@]}" || going+=("$name"); done
    ((${#going[@]})) || { echo 'nothing expires'; return 0; }
    prune "$keep" "${going[@]}"
}

# Seconds since the epoch from a backup's name; fails when it is not a backup's name.
taken_at() {
    [[ $1 =~ ^${database}_([0-9]{4})([0-9]{2})([0-9]{2})_([0-9]{2})([0-9]{2})([0-9]{2})\.sql\.gz$ ]] || return 1
    date -u -d "${BASH_REMATCH[1]}-${BASH_REMATCH[2]}-${BASH_REMATCH[3]} ${BASH_REMATCH[4]}:${BASH_REMATCH[5]}:${BASH_REMATCH[6]}" +%s 2>/dev/null
}

is_unchanged() { grep -qF "\"sha256\": \"$(sha256sum <"$directory/$1" | cut -d' ' -f1)\"" -- "$directory/${1%.sql.gz}.manifest.json"; }

# A manifest with a flipped bit proves nothing about its dump; those of format 1 have no seal.
is_sealed() {
    local about="$directory/${1%.sql.gz}.manifest.json"
    { grep -qF '"format": 1,' -- "$about" && ! grep -qF '"manifest_sha256"' -- "$about"; } \
        || [[ $(tail -n 1 -- "$about") == " \"manifest_sha256\": \"$(head -n -1 -- "$about" | sha256sum | cut -d' ' -f1)\"}" ]]
}

# clear: removes the remains of an interrupted backup; refuses while that backup is running.
clear() {
    [[ -e $partial || -e $contents || -e $checked || -e $manifest ]] || { echo 'nothing to clear'; return; }
    lock_partial
    rm -f -- "$contents" "$checked" "$manifest" "$partial" || fail "Cannot delete $partial."
    echo 'cleared'
}

main() {
    local step=$1
    directory=$2 database=$3 project=$4; shift 4
    partial="$directory/$database.sql.gz.partial"
    contents="$directory/$database.contents.partial"
    checked="$directory/$database.checked.partial"
    manifest="$directory/$database.manifest.json.partial"
    [[ $database =~ ^[A-Za-z0-9_]+$ ]] || fail "'$database' is not a database name that this program accepts."
    [[ $project =~ ^[a-z0-9][a-z0-9_-]*$ ]] || fail "'$project' is not a Compose project's name."
    require_own "$directory" "$project" || exit 1
    system=$(systems | tail -n 1) || fail "The backups in $directory could not be put in order; nothing was changed."
    system=${system#* }
    case $step in
        dump | check | publish | prune | expire | clear) "$step" "$@" ;;
        *) fail "There is no step '$step'." ;;
    esac
}

main "$@"; exit  # on one line: bash has read it whole before a child could read from the same stdin
