# shellcheck shell=bash disable=SC2329
# A backup loaded into a staged database next to the live one, and the swap of the two names. Follows dump_contents.sh.
# Runs as `bash -s -- STEP DATABASE STAGED OWNER PREFIX_WORDS PREFIX… WORDS…`: PREFIX runs a program where PostgreSQL is.
# Nothing before `swap` touches the live database, and `swap` only changes names: no byte of either is written.

set -uo pipefail
export LC_ALL=C
readonly ADMINISTRATOR=postgres LIMIT_S=3600
# The comments on databases, by which a later run knows what each of them is; facts/restore_databases.py has the same texts.
readonly MARK='runbook: ' RESTORED_FROM='restored from ' SWAP_IN_PROGRESS='swap in progress, '
readonly SWAP_IN_PROGRESS_BEFORE_0_2='swap open, '  # as version 0.1.0 wrote it

fail() { printf '%s\n' "$*" >&2; exit 1; }

# administer: SQL from standard input, as the superuser, connected to neither database. :"database" and :"staged" are names.
administer() {
    "${prefix[@]}" timeout -k 10 "$LIMIT_S" psql -XqAt -v ON_ERROR_STOP=1 -v database="$database" -v staged="$staged" \
        -v owner="$owner" "$@" -U "$ADMINISTRATOR" -d postgres
}

# clear: the remains of an interrupted restore; opens the live database again where one died just before its swap.
clear() {
    administer <<'SQL' || fail "The remains of an earlier restore could not be cleared."
SELECT format('ALTER DATABASE %I CONNECTION LIMIT -1', datname) FROM pg_database WHERE datname = :'database' AND datconnlimit = 0 \gexec
SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database
    WHERE datname = :'staged' OR datname ~ ('^' || :'database' || '_restore_[0-9]{8}_[0-9]{6}$') \gexec
SQL
    echo 'cleared'
}

# create: an empty staged database with encoding, owner, privileges and settings of the live one. Where that is gone, the
# owner that the environment names, and the monitoring roles may connect.
create() {
    administer <<'SQL' || fail "The staged database $staged could not be created."
SELECT format('CREATE DATABASE %I TEMPLATE template0 OWNER %I ENCODING %L LC_COLLATE %L LC_CTYPE %L', :'staged', own, enc, coll, ctype)
    || CASE provider WHEN 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L', icu) ELSE '' END
    FROM (SELECT pg_get_userbyid(datdba) AS own, pg_encoding_to_char(encoding) AS enc, datcollate AS coll, datctype AS ctype,
              datlocprovider AS provider, daticulocale AS icu, 0 AS place FROM pg_database WHERE datname = :'database'
          UNION ALL SELECT :'owner', pg_encoding_to_char(encoding), datcollate, datctype, datlocprovider, daticulocale, 1
              FROM pg_database WHERE datname = 'template0' ORDER BY place LIMIT 1) AS wanted \gexec
REVOKE ALL ON DATABASE :"staged" FROM PUBLIC;
SELECT format('GRANT %s ON DATABASE %I TO %s', privilege_type, :'staged',
           CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)
    FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) WHERE datname = :'database' \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO %I', :'staged', rolname) FROM pg_roles
    WHERE rolcanlogin AND NOT rolsuper AND pg_has_role(oid, 'pg_monitor', 'member')
      AND NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
SELECT format('ALTER DATABASE %I CONNECTION LIMIT %s', :'staged', datconnlimit) FROM pg_database
    WHERE datname = :'database' AND datconnlimit > 0 \gexec
SELECT format('ALTER %s SET %I TO %s', CASE setrole WHEN 0 THEN format('DATABASE %I', :'staged')
           ELSE format('ROLE %I IN DATABASE %I', pg_get_userbyid(setrole), :'staged') END, split_part(one, '=', 1),
           CASE WHEN split_part(one, '=', 1) ~ '(search_path|_libraries|_tablespaces)$' THEN substr(one, strpos(one, '=') + 1)
           ELSE quote_literal(substr(one, strpos(one, '=') + 1)) END)
    FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(setconfig) AS one
    WHERE datname = :'database' \gexec
SQL
    printf 'created %s\n' "$staged"
}

# load FILE SHA256: one transaction, as the owner and not as the superuser; the first error ends it.
load() {
    local file=$1
    [[ $(sha256sum <"$file" | cut -d' ' -f1) == "$2" ]] || fail "$file is not the file that the plan was made for."
    gunzip -c -- "$file" | "${prefix[@]}" timeout -k 10 "$LIMIT_S" \
        psql -Xq -v ON_ERROR_STOP=1 --single-transaction -U "$owner" -d "$staged" >/dev/null
    local status=("${PIPESTATUS[@]}")
    ((status[1] == 0)) || fail "psql ended with status ${status[1]}: nothing of the dump was loaded."
    ((status[0] == 0)) || fail "The dump cannot be read to its end."
    "${prefix[@]}" psql -Xq -v ON_ERROR_STOP=1 -U "$owner" -d "$staged" -c ANALYZE </dev/null \
        || fail "The restored database could not be analysed."
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
    "${prefix[@]}" timeout -k 10 "$LIMIT_S" "${PG_DUMP[@]}" -U "$ADMINISTRATOR" -d "$staged" </dev/null \
        | with_contents "$scratch/found" >/dev/null
    status=("${PIPESTATUS[@]}")
    [[ ${status[*]} == "0 0" ]] || fail "The restored database could not be read to its end."
    differences=$(same_contents "$scratch/wanted" "$scratch/found") \
        || fail "The restored database does not hold what the backup holds (< backup, > restored): $differences"
    administer -v comment="$MARK$RESTORED_FROM$2" <<'SQL' || fail "The staged database could not be marked."
COMMENT ON DATABASE :"staged" IS :'comment';
SQL
    printf 'compared %s tables\n' "$(grep -c $'^table\t' -- "$scratch/found")"
}

# swap: no connections, sequences carried over so that no id is given twice, then both names in one transaction.
swap() {
    local retained; retained="${database}_before_$(date -u +%Y%m%d_%H%M%S)"
    if [[ -n $(open_swap) ]]; then echo 'swapped already'; return; fi
    # only `compare` writes this comment: without it the staged database is not known to be complete
    local origin; origin=$(administer -v mark="$MARK" -v restored="$MARK$RESTORED_FROM" <<<"
        SELECT substr(shobj_description(oid, 'pg_database'), length(:'mark') + 1) FROM pg_database
        WHERE datname = :'staged' AND starts_with(shobj_description(oid, 'pg_database'), :'restored');")
    [[ -n $origin ]] || fail "$staged is not there or was never compared with its manifest; nothing was swapped."
    close_database "$database" || fail "Sessions of $database do not end; nothing was swapped."
    carry_sequences || echo "The sequences of $database cannot be read; the backup's stay." >&2
    administer -v retained="$retained" -v comment="$MARK$SWAP_IN_PROGRESS$origin" <<'SQL' || fail "Nothing was swapped."
SELECT exists(SELECT FROM pg_database WHERE datname = :'database') AS there \gset
BEGIN;
\if :there
ALTER DATABASE :"database" RENAME TO :"retained";
COMMENT ON DATABASE :"retained" IS :'comment';
\endif
ALTER DATABASE :"staged" RENAME TO :"database";
COMMIT;
SQL
    printf 'swapped; the previous database is %s\n' "$retained"
}

# close_database NAME…: only a superuser can connect from now on, and every session there has ended.
close_database() {
    local name left
    for name; do
        left=$(administer -v name="$name" <<'SQL'
SELECT format('ALTER DATABASE %I CONNECTION LIMIT 0', datname) FROM pg_database WHERE datname = :'name' \gexec
-- materialized: the planner may otherwise end sessions first, of whatever database, and ask for the name afterwards
WITH there AS MATERIALIZED (SELECT pid FROM pg_stat_activity WHERE datname = :'name' AND pid <> pg_backend_pid())
    SELECT count(*) FILTER (WHERE NOT pg_terminate_backend(pid, 10000)) FROM there;
SQL
        ) || return
        ((left == 0)) || return
    done
}

# An id that was given once is never given again: a token or a link of yesterday must not lead to another user's data.
carry_sequences() {
    local sql
    sql=$("${prefix[@]}" psql -XqAt -v ON_ERROR_STOP=1 -U "$ADMINISTRATOR" -d "$database" -c "
        SELECT format('SELECT setval(%L, %s) FROM pg_sequences WHERE schemaname = %L AND sequencename = %L AND increment_by > 0
            AND coalesce(last_value, 0) < %s;', format('%I.%I', schemaname, sequencename), last_value, schemaname,
            sequencename, last_value)
        FROM pg_sequences WHERE last_value IS NOT NULL AND increment_by > 0" </dev/null) || return
    "${prefix[@]}" psql -XqAt -v ON_ERROR_STOP=1 -U "$ADMINISTRATOR" -d "$staged" <<<"$sql" >/dev/null
}

# swap-back: safe whether the swap took place or not.
swap_back() {
    local retained; retained=$(open_swap)
    if [[ -n $retained ]]; then
        close_database "$database" "$retained" || fail "Sessions do not end; $retained still has to be renamed back."
        administer -v retained="$retained" <<'SQL' || fail "$retained could not be renamed back."
BEGIN;
ALTER DATABASE :"database" RENAME TO :"staged";
ALTER DATABASE :"retained" RENAME TO :"database";
COMMENT ON DATABASE :"database" IS NULL;
COMMIT;
SQL
    fi
    administer <<'SQL' || fail "$database could not be opened again."
SELECT format('ALTER DATABASE %I CONNECTION LIMIT -1', datname) FROM pg_database WHERE datname = :'database' AND datconnlimit = 0 \gexec
SQL
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
    administer -v retained="$retained" -v comment="${MARK}retained, ${database} was $1" <<'SQL' || fail "$retained could not be marked."
COMMENT ON DATABASE :"retained" IS :'comment';
SQL
    printf 'retained %s\n' "$retained"
}

# drop NAME: one retained database, never the live one, never one that an interrupted swap still needs.
drop() {
    [[ $1 =~ ^${database}_before_[0-9]{8}_[0-9]{6}$ ]] || fail "$1 is not the name of a retained database."
    [[ $1 != "$(open_swap)" ]] || fail "The swap with $1 was interrupted: run the restore again first."
    administer -v retained="$1" <<'SQL' || fail "$1 could not be deleted."
DROP DATABASE IF EXISTS :"retained" WITH (FORCE);
SQL
    printf 'deleted %s\n' "$1"
}

main() {
    local step=$1 name
    database=$2 staged=$3 owner=$4
    prefix=("${@:6:$5}"); shift "$((5 + $5))"
    for name in "$database" "$staged" "$owner"; do
        [[ $name =~ ^[A-Za-z_][A-Za-z0-9_]{0,62}$ ]] || fail "'$name' is not a name that this program accepts."
    done
    case $step in
        clear | create | load | compare | swap | commit | drop) "$step" "$@" ;;
        swap-back) swap_back ;;
        *) fail "There is no step '$step'." ;;
    esac
}

main "$@"; exit  # on one line: bash has read it whole before a child could read from the same stdin
