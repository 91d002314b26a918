# shellcheck shell=bash disable=SC2329
# A backup brought back beside the live database, and the exchange of the two by name. Follows snapshot_queries.sh.
# Runs as `bash -s -- STEP DATABASE SIDE OWNER PREFIX_WORDS PREFIX… WORDS…`: PREFIX runs a program where PostgreSQL is.
# Nothing before `swap` touches the live database, and `swap` only changes names: no byte of either is written.

set -uo pipefail
export LC_ALL=C
readonly ADMINISTRATOR=postgres LIMIT_S=3600

fail() { printf '%s\n' "$*" >&2; exit 1; }

# administer: SQL from standard input, as the superuser, connected to neither database. :"database" and :"side" are names.
administer() {
    "${prefix[@]}" timeout -k 10 "$LIMIT_S" psql -XqAt -v ON_ERROR_STOP=1 -v database="$database" -v side="$side" \
        -v owner="$owner" "$@" -U "$ADMINISTRATOR" -d postgres
}

# clear: what an unfinished restore left, and the live database open again where one died just before its exchange.
clear() {
    administer <<'SQL' || fail "The rest of an earlier restore could not be cleared."
SELECT format('ALTER DATABASE %I CONNECTION LIMIT -1', datname) FROM pg_database WHERE datname = :'database' AND datconnlimit = 0 \gexec
SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database
    WHERE datname = :'side' OR datname ~ ('^' || :'database' || '_restore_[0-9]{8}_[0-9]{6}$') \gexec
SQL
    echo 'cleared'
}

# create: an empty side database with encoding, owner, privileges and settings of the live one. Where that is gone, the
# owner that the environment names, and those may connect who may watch.
create() {
    administer <<'SQL' || fail "The side database $side could not be made."
SELECT format('CREATE DATABASE %I TEMPLATE template0 OWNER %I ENCODING %L LC_COLLATE %L LC_CTYPE %L', :'side', own, enc, coll, ctype)
    || CASE provider WHEN 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L', icu) ELSE '' END
    FROM (SELECT pg_get_userbyid(datdba) AS own, pg_encoding_to_char(encoding) AS enc, datcollate AS coll, datctype AS ctype,
              datlocprovider AS provider, daticulocale AS icu, 0 AS place FROM pg_database WHERE datname = :'database'
          UNION ALL SELECT :'owner', pg_encoding_to_char(encoding), datcollate, datctype, datlocprovider, daticulocale, 1
              FROM pg_database WHERE datname = 'template0' ORDER BY place LIMIT 1) AS wanted \gexec
REVOKE ALL ON DATABASE :"side" FROM PUBLIC;
SELECT format('GRANT %s ON DATABASE %I TO %s', privilege_type, :'side',
           CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)
    FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) WHERE datname = :'database' \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO %I', :'side', rolname) FROM pg_roles
    WHERE rolcanlogin AND NOT rolsuper AND pg_has_role(oid, 'pg_monitor', 'member')
      AND NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
SELECT format('ALTER DATABASE %I CONNECTION LIMIT %s', :'side', datconnlimit) FROM pg_database
    WHERE datname = :'database' AND datconnlimit > 0 \gexec
SELECT format('ALTER %s SET %I TO %s', CASE setrole WHEN 0 THEN format('DATABASE %I', :'side')
           ELSE format('ROLE %I IN DATABASE %I', pg_get_userbyid(setrole), :'side') END, split_part(one, '=', 1),
           CASE WHEN split_part(one, '=', 1) ~ '(search_path|_libraries|_tablespaces)$' THEN substr(one, strpos(one, '=') + 1)
           ELSE quote_literal(substr(one, strpos(one, '=') + 1)) END)
    FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(setconfig) AS one
    WHERE datname = :'database' \gexec
SQL
    printf 'made %s\n' "$side"
}

# load FILE SHA256: one transaction, as the owner and not as the superuser; the first error ends it.
load() {
    local file=$1
    [[ $(sha256sum <"$file" | cut -d' ' -f1) == "$2" ]] || fail "$file is not the file that the plan was made for."
    gunzip -c -- "$file" | "${prefix[@]}" timeout -k 10 "$LIMIT_S" \
        psql -Xq -v ON_ERROR_STOP=1 --single-transaction -U "$owner" -d "$side" >/dev/null
    local status=("${PIPESTATUS[@]}")
    ((status[1] == 0)) || fail "psql ended with status ${status[1]}: nothing of the dump was taken."
    ((status[0] == 0)) || fail "The dump cannot be read to its end."
    "${prefix[@]}" psql -Xq -v ON_ERROR_STOP=1 -U "$owner" -d "$side" -c ANALYZE </dev/null \
        || fail "The restored database could not be analysed."
    printf 'loaded %s into %s\n' "$file" "$side"
}

# compare MANIFEST BACKUP: every table's rows and content hash, the revision and all definitions, as the manifest has them.
compare() {
    local manifest=$1 found wanted
    found=$({ echo 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;'; snapshot_queries; echo 'COMMIT;'; } \
        | "${prefix[@]}" timeout -k 10 "$LIMIT_S" psql -XqAt -v ON_ERROR_STOP=1 -U "$owner" -d "$side") \
        || fail "The restored database could not be read to its end."
    wanted=$(grep '^{"table"' -- "$manifest" | sed 's/,$//' | sort)
    [[ -n $wanted ]] || fail "$manifest names no table."
    diff <(printf '%s\n' "$wanted") <(cut -f3- <<<"$found" | grep '^{"table"' | sort) >&2 \
        || fail "The restored tables are not those of the manifest (< manifest, > restored)."
    same_value '"schema_revision"' revision "$manifest" "$found"
    ! grep -q '^ "objects"' "$manifest" || same_value '"objects"' objects "$manifest" "$found"
    administer -v words="runbook: restored from $2" <<'SQL' || fail "The side database could not be marked."
COMMENT ON DATABASE :"side" IS :'words';
SQL
    printf 'compared %s tables\n' "$(wc -l <<<"$wanted")"
}

# same_value KEY NAME MANIFEST FOUND
same_value() {
    local value
    value=$(grep -P "^$2\t" <<<"$4" | cut -f2-)
    grep -qF -- "$1: $value" "$3" || fail "The restored database's $2 is $value; the manifest has another."
}

# swap: nobody in, sequences carried over so that no id is given twice, then both names in one transaction.
swap() {
    local kept; kept="${database}_before_$(date -u +%Y%m%d_%H%M%S)"
    if [[ -n $(open_swap) ]]; then echo 'exchanged already'; return; fi
    local backup; backup=$(administer <<<"SELECT substr(shobj_description(oid, 'pg_database'), 10) FROM pg_database
        WHERE datname = :'side' AND shobj_description(oid, 'pg_database') LIKE 'runbook: restored from %';")
    [[ -n $backup ]] || fail "$side is not there or was never compared with its manifest; nothing was exchanged."
    shut_out "$database" || fail "Sessions of $database do not end; nothing was exchanged."
    carry_sequences || echo "The sequences of $database cannot be read; the backup's stay." >&2
    administer -v kept="$kept" -v words="runbook: swap open, $backup" <<'SQL' || fail "Nothing was exchanged."
SELECT exists(SELECT FROM pg_database WHERE datname = :'database') AS there \gset
BEGIN;
\if :there
ALTER DATABASE :"database" RENAME TO :"kept";
COMMENT ON DATABASE :"kept" IS :'words';
\endif
ALTER DATABASE :"side" RENAME TO :"database";
COMMIT;
SQL
    printf 'exchanged; the one before is %s\n' "$kept"
}

# shut_out NAME…: only a superuser gets in from now on, and every session there has ended.
shut_out() {
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

# An id that was given once is never given again: a token or a link of yesterday must not point to somebody else.
carry_sequences() {
    local sql
    sql=$("${prefix[@]}" psql -XqAt -v ON_ERROR_STOP=1 -U "$ADMINISTRATOR" -d "$database" -c "
        SELECT format('SELECT setval(%L, %s) FROM pg_sequences WHERE schemaname = %L AND sequencename = %L AND increment_by > 0
            AND coalesce(last_value, 0) < %s;', format('%I.%I', schemaname, sequencename), last_value, schemaname,
            sequencename, last_value)
        FROM pg_sequences WHERE last_value IS NOT NULL AND increment_by > 0" </dev/null) || return
    "${prefix[@]}" psql -XqAt -v ON_ERROR_STOP=1 -U "$ADMINISTRATOR" -d "$side" <<<"$sql" >/dev/null
}

# swap-back: safe whether the exchange took place or not.
swap_back() {
    local kept; kept=$(open_swap)
    if [[ -n $kept ]]; then
        shut_out "$database" "$kept" || fail "Sessions do not end; $kept still waits for its name."
        administer -v kept="$kept" <<'SQL' || fail "$kept could not get its name back."
BEGIN;
ALTER DATABASE :"database" RENAME TO :"side";
ALTER DATABASE :"kept" RENAME TO :"database";
COMMENT ON DATABASE :"database" IS NULL;
COMMIT;
SQL
    fi
    administer <<'SQL' || fail "$database could not be opened again."
SELECT format('ALTER DATABASE %I CONNECTION LIMIT -1', datname) FROM pg_database WHERE datname = :'database' AND datconnlimit = 0 \gexec
SQL
    echo "${kept:-nothing was} exchanged back"
}

open_swap() {
    administer <<<"SELECT datname FROM pg_database WHERE datname ~ ('^' || :'database' || '_before_[0-9]{8}_[0-9]{6}\$')
        AND shobj_description(oid, 'pg_database') LIKE 'runbook: swap open%' ORDER BY 1 DESC LIMIT 1;"
}

# keep: the exchange holds; from now on no undo takes it back.
keep() {
    local kept; kept=$(open_swap) || fail "The kept database cannot be looked up."
    [[ -n $kept ]] || { echo 'nothing is kept'; return; }
    administer -v kept="$kept" -v words="runbook: kept, ${database} was $1" <<'SQL' || fail "$kept could not be marked."
COMMENT ON DATABASE :"kept" IS :'words';
SQL
    printf 'kept %s\n' "$kept"
}

# drop NAME: one kept database, never the live one, never one whose exchange is still open.
drop() {
    [[ $1 =~ ^${database}_before_[0-9]{8}_[0-9]{6}$ ]] || fail "$1 is not the name of a kept database."
    [[ $1 != "$(open_swap)" ]] || fail "The exchange with $1 is not finished: run the restore again first."
    administer -v kept="$1" <<'SQL' || fail "$1 could not be deleted."
DROP DATABASE IF EXISTS :"kept" WITH (FORCE);
SQL
    printf 'deleted %s\n' "$1"
}

main() {
    local step=$1 name
    database=$2 side=$3 owner=$4
    prefix=("${@:6:$5}"); shift "$((5 + $5))"
    for name in "$database" "$side" "$owner"; do
        [[ $name =~ ^[A-Za-z_][A-Za-z0-9_]{0,62}$ ]] || fail "'$name' is not a name that this program takes."
    done
    case $step in
        clear | create | load | compare | swap | keep | drop) "$step" "$@" ;;
        swap-back) swap_back ;;
        *) fail "There is no step '$step'." ;;
    esac
}

main "$@"; exit  # on one line: bash has read it whole before a child could read from the same stdin
