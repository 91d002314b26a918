# shellcheck shell=bash disable=SC2154,SC2329
# A backup loaded into a staged database next to the live one, and the swap of the two names. Follows
# dump_contents.sh, split_dump.sh, load_dump.sh and database_definition.sh.
# Runs as `bash -s -- STEP DATABASE STAGED OWNER PREFIX_WORDS PREFIX… WORDS…`: PREFIX runs a program where PostgreSQL is.
# Nothing before `swap` touches the live database, and `swap` only changes names: no byte of either is written.

set -uo pipefail
export LC_ALL=C
readonly LIMIT_S=3600
# The comments on databases, by which a later run knows what each of them is; facts/restore_databases.py has the same texts.
readonly MARK='runbook: ' RESTORED_FROM='restored from ' SWAP_IN_PROGRESS='swap in progress, '
readonly SWAP_IN_PROGRESS_BEFORE_0_2='swap open, '  # as version 0.1.0 wrote it

fail() { printf '%s\n' "$*" >&2; exit 1; }

# administer: SQL from standard input, as the superuser, connected to neither database. :"database" and :"staged" are names.
administer() {
    ask_as "$administrator" postgres -v database="$database" -v staged="$staged" \
        -v owner="$owner" -v true_limit="$TRUE_LIMIT" -v saved_limit="$SAVED_LIMIT" -v saved_access="$SAVED_ACCESS" "$@"
}

# clear: the remains of an interrupted restore; opens the live database again where one died just before its swap.
clear() {
    local one remains
    open_database "$database" || fail "$database could not be opened again."
    remains=$(administer <<<"SELECT datname FROM pg_database WHERE datname = :'staged' OR datname ~ ('^' || :'database' || '_restore_[0-9]{8}_[0-9]{6}\$')") \
        || fail "The remains of an earlier restore cannot be looked up."
    for one in $remains; do
        drop_database "$one" || fail "The remains of an earlier restore could not be cleared: $one is still there."
    done
    # roles without login that a load made, where no other database has come to use them
    administer <<'SQL' || fail "The roles of an earlier restore could not be cleared."
SELECT format('DROP ROLE %I', rolname) FROM pg_roles r WHERE (rolname ~ ('^runbook_.*_restore_[0-9]{8}_[0-9]{6}$')
    OR shobj_description(r.oid, 'pg_authid') = 'runbook: named by a backup, made without login')
    AND NOT EXISTS (SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = r.oid) \gexec
SQL
    echo 'cleared'
}

# drop_database NAME: also where it is a template, or has a subscription; the other side's slot is the live database's.
drop_database() {
    ask_inside "$1" <<'SQL' 2>/dev/null
SELECT format(one, subname) FROM pg_subscription s JOIN pg_database d ON d.oid = subdbid AND datname = current_database(),
    unnest(ARRAY['ALTER SUBSCRIPTION %I DISABLE', 'ALTER SUBSCRIPTION %I SET (slot_name = NONE)', 'DROP SUBSCRIPTION %I']) WITH ORDINALITY AS t(one, place)
    ORDER BY subname, place \gexec
SQL
    administer -v name="$1" <<'SQL'
SELECT format('ALTER DATABASE %I IS_TEMPLATE false', datname) FROM pg_database WHERE datname = :'name' AND datistemplate \gexec
DROP DATABASE IF EXISTS :"name" WITH (FORCE);
SQL
}

# open_database NAME: with the connection limit that it had before it was closed, and for everybody.
open_database() { open_again | administer -v name="$1"; }

# require_none_prepared: a transaction that was prepared keeps its database's name as it is, and no session could be ended
# for it. Whoever prepared it decides: neither way is ours to choose.
require_none_prepared() {
    local names
    names=$(administer <<<"SELECT string_agg(quote_literal(gid), ', ' ORDER BY prepared) FROM pg_prepared_xacts WHERE database = :'database'") \
        || fail "The prepared transactions of $database cannot be looked up."
    [[ -z $names ]] || fail "$database has prepared transactions, and cannot be swapped: $names. End each of them in $database, with COMMIT PREPARED or ROLLBACK PREPARED; then run again."
}

# create: an empty staged database, with all that the live one has of its own.
create() {
    local script
    require_none_prepared
    script=$(definition_queries | administer -v collation_version=on) || fail "The settings of $database cannot be read."
    administer <<<"$script" || fail "The staged database $staged could not be created."
    printf 'created %s\n' "$staged"
}

# load FILE SHA256: by the loader and the administrator in turn; the first error ends it, and what was loaded is cleared.
load() {
    local file=$1 status found
    [[ $(sha256sum <"$file" | cut -d' ' -f1) == "$2" ]] || fail "$file is not the file that the plan was made for."
    found=$(gunzip -c -- "$file" | load_dump "$staged" "$owner"; printf 'status %s' "${PIPESTATUS[*]}")
    status=${found##*status }
    grep -E $'^(role|unfilled|unanalyzed|unfinished)\t' <<<"$found" | sed -e $'s/^role\t/warning: made without login, because the server had no such role: /' \
        -e $'s/^unfilled\t/warning: without rows, because its query fails: materialized view /' \
        -e $'s/^unanalyzed\t/warning: without statistics for the planner, because an expression of it cannot be computed: table /' \
        -e $'s/^unfinished\t/warning: without statistics for the planner, because PostgreSQL ended ANALYZE; run it again later: table /'
    [[ $status != *' 3' ]] || fail "PostgreSQL rejects the dump: see its first error above. The live database is untouched."
    [[ $status != *' 4' ]] || fail "PostgreSQL ended, or could not do what a load needs: see its first error above. Nothing shows that the dump is bad. The live database is untouched."
    [[ $status == *' 0' ]] || fail "The dump is not what pg_dump writes, or cannot be read to its end. The live database is untouched."
    [[ $status == '0 0' ]] || fail "gzip cannot read the dump to its end."
    printf 'loaded %s into %s\n' "$file" "$staged"
}

# compare MANIFEST BACKUP: a dump of the staged database must hold what the backup holds.
compare() {
    local manifest=$1 scratch differences status
    scratch=$(mktemp -d) || fail "Cannot make a temporary folder: is the disk full?"
    # shellcheck disable=SC2064 # its value now: it is gone when the trap runs
    trap "rm -rf -- '$scratch'" EXIT
    read_contents "${manifest%/*}/$2" "$scratch/wanted" || fail "$2 cannot be read to its end."
    differences=$(contents_match_manifest "$scratch/wanted" "$manifest") || fail "$differences"
    dump_as_recorded "$manifest" "${manifest%/*}/$2"
    "${prefix[@]}" timeout -k 10 "$LIMIT_S" "${dumping[@]}" -U "$administrator" -d "$staged" </dev/null \
        | with_contents "$scratch/found" >/dev/null
    status=("${PIPESTATUS[@]}")
    [[ ${status[*]} == "0 0" ]] || fail "The restored database could not be read to its end."
    differences=$(same_contents "$scratch/wanted" "$scratch/found") \
        || fail "The restored database does not hold what the backup holds (< backup, > restored): $differences"
    mark_database "$staged" "$RESTORED_FROM$2" "$database" || fail "The staged database could not be marked."
    printf 'compared %s tables\n' "$(grep -c $'^table\t' -- "$scratch/found")"
}

# mark_database NAME TEXT SOURCE: our line on NAME, and below it what its users had written on SOURCE.
mark_database() {
    administer -v name="$1" -v text="$MARK$2" -v source="$3" <<<"$(comment_of_users)
    SELECT format('COMMENT ON DATABASE %I IS %L',
        :'name', :'text' || coalesce(E'\\n' || nullif(:'theirs', ''), '')) \\gexec"
}

# comment_of_users: SQL that sets :theirs from the comment of :'source', without our own line.
comment_of_users() {
    cat <<SQL
SELECT coalesce((SELECT CASE WHEN NOT starts_with(comment, '$MARK') THEN comment WHEN strpos(comment, E'\n') = 0 THEN ''
    ELSE substr(comment, strpos(comment, E'\n') + 1) END
    FROM (SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = :'source') AS one), '') AS theirs \gset
SQL
}

# swap: no connections, sequences carried over so that no id is given twice, then both names in one transaction.
swap() {
    local retained; retained="${database}_before_$(date -u +%Y%m%d_%H%M%S)"
    local unfinished; unfinished=$(open_swap) || fail "The retained database cannot be looked up; nothing was swapped."
    if [[ -n $unfinished ]]; then
        # an undo that died before it swapped back had closed the live one already
        open_database "$database" || fail "$database could not be opened again."
        echo 'swapped already'; return
    fi
    # only `compare` writes this comment: without it the staged database is not known to be complete
    local origin; origin=$(administer -v mark="$MARK" -v restored="$MARK$RESTORED_FROM" <<<"
        SELECT substr(split_part(shobj_description(oid, 'pg_database'), E'\n', 1), length(:'mark') + 1) FROM pg_database
        WHERE datname = :'staged' AND starts_with(shobj_description(oid, 'pg_database'), :'restored');") || fail "$staged cannot be looked up; nothing was swapped."
    [[ -n $origin ]] || fail "$staged is not there or was never compared with its manifest; nothing was swapped."
    require_none_prepared
    close_database "$database" || fail "Sessions of $database do not end; nothing was swapped."
    carry_sequences || echo "The sequences of $database cannot be read; the backup's stay." >&2
    { comment_of_users; state_of_database; shut_database; end_sessions; echo 'BEGIN;'; admit_again; cat <<'SQL'; } \
        | administer -v name="$database" -v retained="$retained" -v source="$database" -v mark="$MARK$SWAP_IN_PROGRESS$origin" >/dev/null \
        || fail "Nothing was swapped."
\if :there
ALTER DATABASE :"database" RENAME TO :"retained";
SELECT format('COMMENT ON DATABASE %I IS %L', :'retained', :'mark' || coalesce(E'\n' || nullif(:'theirs', ''), '')) \gexec
\endif
ALTER DATABASE :"staged" RENAME TO :"database";
\if :template
ALTER DATABASE :"database" IS_TEMPLATE true;
\endif
\if :shut
ALTER DATABASE :"database" ALLOW_CONNECTIONS false;
\endif
\if :limited
ALTER DATABASE :"database" CONNECTION LIMIT 0;
\endif
COMMIT;
SQL
    printf 'swapped; the previous database is %s\n' "$retained"
}

# state_of_database: SQL that sets :there, and what the new database must be as well: a :template, :shut or :limited to no
# connection by its operators.
state_of_database() {
    cat <<'SQL'
SELECT exists(SELECT FROM pg_database WHERE datname = :'database') AS there,
    exists(SELECT FROM pg_database WHERE datname = :'database' AND datistemplate) AS template,
    exists(SELECT FROM pg_database d WHERE datname = :'database' AND NOT datallowconn AND NOT EXISTS (
        SELECT FROM pg_db_role_setting, unnest(setconfig) AS one WHERE setdatabase = d.oid AND setrole = 0 AND one LIKE :'saved_access' || '=%')) AS shut,
    exists(SELECT FROM pg_database d WHERE datname = :'database' AND :true_limit = 0) AS limited \gset
SQL
}

# shut_database: SQL after which no role at all can connect to :'name': a limit of 0 keeps out every role but superusers, and
# in many houses the application is one, whose clients come back within milliseconds. It is noted first: whoever finds the
# note of a run that died lets them in again. Not earlier: we have to connect ourselves to read the sequences.
shut_database() {
    cat <<'SQL'
SELECT format(one, datname, :'saved_access') FROM pg_database, unnest(ARRAY['ALTER DATABASE %1$I SET %2$s = on',
    'ALTER DATABASE %1$I ALLOW_CONNECTIONS false']) WITH ORDINALITY AS t(one, place) WHERE datname = :'name' AND datallowconn ORDER BY place \gexec
SQL
}

# close_database NAME…: only a superuser can connect from now on, and every session there has ended.
close_database() {
    local name left
    for name; do
        left=$({ cat; end_sessions; } <<'SQL' | administer -v name="$name"
SELECT format(one, datname, :true_limit) FROM pg_database d, unnest(ARRAY['ALTER DATABASE %1$I SET ' || :'saved_limit' || ' = %2$L',
    'ALTER DATABASE %1$I CONNECTION LIMIT 0']) AS one WHERE datname = :'name' AND datconnlimit <> 0 \gexec
SQL
        ) || return
        ((left == 0)) || return
    done
}

# end_sessions: SQL that ends every session of :'name' and prints how many would not end. Once more just before a rename:
# between the two a superuser can connect again.
end_sessions() {
    cat <<'SQL'
-- materialized: the planner may otherwise end sessions first, of whatever database, and ask for the name afterwards
WITH there AS MATERIALIZED (SELECT pid FROM pg_stat_activity WHERE datname = :'name' AND pid <> pg_backend_pid())
    SELECT coalesce(array_agg(pid) FILTER (WHERE NOT pg_terminate_backend(pid, 10000)), '{}') AS unended FROM there \gset
-- one that ended just before could not be ended either, and is gone
SELECT count(*) FROM pg_stat_activity WHERE datname = :'name' AND pid = ANY (:'unended'::int[]);
SQL
}

# An id that was given once is never given again: a token or a link of yesterday must not lead to another user's data.
# Each in its own direction, and no further than the restored sequence goes; one that cycles gives its values again anyway.
carry_sequences() {
    local sql
    sql=$(ask_inside "$database" <<<"
        SELECT format('SELECT setval(format(%L, schemaname, sequencename), CASE WHEN increment_by > 0 THEN least(%s, max_value) ELSE greatest(%s, min_value) END)
            FROM pg_sequences WHERE schemaname = %L AND sequencename = %L AND sign(increment_by) = %s AND NOT cycle
            AND (last_value IS NULL OR (%s - last_value) * sign(increment_by) > 0);',
            '%I.%I', last_value, last_value, schemaname, sequencename, sign(increment_by), last_value)
        FROM pg_sequences WHERE last_value IS NOT NULL AND NOT cycle") || return
    ask_inside "$staged" <<<"$sql" >/dev/null
}

# swap-back: safe whether the swap took place or not.
swap_back() {
    local retained; retained=$(open_swap) || fail "The retained database cannot be looked up; nothing was swapped back."
    if [[ -n $retained ]]; then
        close_database "$database" "$retained" || fail "Sessions do not end; $retained still has to be renamed back."
        { comment_of_users; shut_database; end_sessions; echo 'BEGIN;'; admit_again; cat <<'SQL'; } \
            | administer -v name="$database" -v retained="$retained" -v source="$retained" >/dev/null || fail "$retained could not be renamed back."
ALTER DATABASE :"database" RENAME TO :"staged";
ALTER DATABASE :"retained" RENAME TO :"database";
SELECT format('COMMENT ON DATABASE %I IS %s', :'database', coalesce(quote_literal(nullif(:'theirs', '')), 'NULL')) \gexec
COMMIT;
SQL
    fi
    open_database "$database" || fail "$database could not be opened again."
    echo "${retained:-nothing was} swapped back"
}

# open_swap: prints the previous database of a swap that was neither committed nor swapped back.
open_swap() {
    administer -v open="$MARK$SWAP_IN_PROGRESS" -v earlier="$MARK$SWAP_IN_PROGRESS_BEFORE_0_2" <<<"
        SELECT datname FROM pg_database WHERE datname ~ ('^' || :'database' || '_before_[0-9]{8}_[0-9]{6}\$')
        AND (starts_with(shobj_description(oid, 'pg_database'), :'open')
            OR starts_with(shobj_description(oid, 'pg_database'), :'earlier')) ORDER BY 1 DESC LIMIT 1;"
}

# commit ORIGIN: the swap is final; from now on no undo swaps back.
commit() {
    local retained; retained=$(open_swap) || fail "The retained database cannot be looked up."
    [[ -n $retained ]] || { echo 'nothing is retained'; return; }
    mark_database "$retained" "retained, ${database} was $1" "$retained" || fail "$retained could not be marked."
    printf 'retained %s\n' "$retained"
}

# drop NAME: one retained database, never the live one, never one that an interrupted swap still needs.
drop() {
    [[ $1 =~ ^${database}_before_[0-9]{8}_[0-9]{6}$ ]] || fail "$1 is not the name of a retained database."
    local unfinished; unfinished=$(open_swap) || fail "The retained database cannot be looked up; nothing was deleted."
    [[ $1 != "$unfinished" ]] || fail "The swap with $1 was interrupted: run the restore again first."
    drop_database "$1" || fail "$1 could not be deleted."
    printf 'deleted %s\n' "$1"
}

main() {
    local step=$1 name
    database=$2 staged=$3 owner=$4
    prefix=("${@:6:$5}"); shift "$((5 + $5))"
    for name in "$database" "$staged" "${owner//[.-]/_}"; do
        [[ $name =~ ^[A-Za-z_][A-Za-z0-9_]{0,62}$ ]] || fail "'$name' is not a name that this program accepts."
    done
    find_administrator "$owner" || exit 1
    case $step in
        clear | create | load | compare | swap | commit | drop) "$step" "$@" ;;
        swap-back) swap_back ;;
        *) fail "There is no step '$step'." ;;
    esac
}

main "$@"; exit  # on one line: bash has read it whole before a child could read from the same stdin
