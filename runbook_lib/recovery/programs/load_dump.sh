# shellcheck shell=bash disable=SC2154
# Loading a dump into an empty database: the very same way in a restore and in a drill. Follows split_dump.sh.
# `prefix` (an array) runs a program where PostgreSQL is; `administrator` is set by find_administrator.

# Sessions of ours set their own limits: a role's or database's own (10 minutes in one statement) would end a long load.
# Role and search path as well: with those of the application, a superuser would be none, or run its functions. And what
# changes how values are read, which pg_dump leaves to the session: with array_nulls off, NULL in an array becomes a text.
# With standard_conforming_strings off in the server's own file, queries of ours would be others.
readonly LOADING_SESSION='-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0 -c synchronous_commit=off -c client_min_messages=warning -c search_path=pg_catalog -c default_transaction_read_only=off -c idle_session_timeout=0 -c role=none'\
' -c array_nulls=on -c transform_null_equals=off -c intervalstyle=postgres -c datestyle=ISO -c standard_conforming_strings=on'

# ask_as ROLE DATABASE WORD…: psql there, SQL from standard input, the first error ends it. What it prints of an error is
# read by others and kept: only with_causes_only lets it through.
ask_as() {
    local role=$1 where=$2; shift 2
    {
        "${prefix[@]}" timeout -k 10 "${LIMIT_S:-3600}" env PGOPTIONS="$LOADING_SESSION${newer-}${language-}${more-}" psql -XqAt -v ON_ERROR_STOP=1 \
            -v VERBOSITY=verbose -v SHOW_CONTEXT=always -U "$role" -d "$where" "$@" 2>&1 >&4 4>&- | with_causes_only >&2
        return "${PIPESTATUS[0]}"
    } 4>&1
}

# with_causes_only: errors as psql prints them, without what users have stored. PostgreSQL quotes rows in its details and its
# context (`Failing row contains (7, jane@…)`, `COPY people, line 3, column mail: "…"`), and values in the messages of some
# classes; functions of the application say what they like. Kept: the code, the message, the line, the names of objects.
with_causes_only() { perl -ne "$CAUSES_ONLY"; }

IFS= read -r -d '' CAUSES_ONLY <<'PERL' || true
BEGIN { $| = 1; binmode STDIN; binmode STDOUT; }
sub done {
    return unless defined $message;
    my ($code) = $message =~ /:  ([0-9A-Z]{5}): /;
    # raised by a function of the database, whatever its code; PL/Perl and the like give their own text any code
    $message =~ s/(:  [0-9A-Z]{5}: ).*/$1(the message of a function of the database)/s if $raised || $code =~ /^(?:P0|38|39)/;
    # data exceptions, syntax errors and extensions quote what they could not read, in the quotes of the server's language;
    # and so does, whatever its code, what reads a column (a name of a table in a column of type regclass)
    $message =~ s/(?:["'`]|\xc2[\xab\xbb]|\xe2\x80[\x98-\x9f]).*/(value not shown)/s if $column || $code =~ /^(?:22|XX)/ || $code eq '42601';
    chomp $message;
    # warnings are not causes, and a function's may say anything
    print "$message\n", @named unless $message =~ /^(?:psql:\S*: )?(?:WARNING|NOTICE|INFO|LOG|DEBUG):/;
    ($message, $raised, $column, @named) = (undef, 0, 0);
}
if (/^(?:psql:\S*:\d+: )?[^\s:"]+:  [0-9A-Z]{5}: /) { done(); $message = $_; next }
# what psql takes for one of its commands may be a row; but the two of a newer pg_dump are a cause
s/(invalid command )\\(?!(?:un)?restrict\b).*/$1(not shown)/;
if (!defined $message || /^psql:/) { done(); print; next }
s/^CONTEXT: +//;
$column = 1 if /^COPY [^:"\n]+?, line \d+, column /;
$raised = 1 if m{^PL/.* at RAISE$} || m{^PL/(?!pgSQL)};
if (/^(COPY [^:"\n]+?, line \d+(?:, column [^:"\n]+)?)/ || m{^(PL/\w+ function [\w.\$"]+(?:\([\w\s,."\[\]]*\))?(?: line \d+ at [\w ]+)?)}) { (my $where = $1) =~ s/\n//; push @named, "CONTEXT:  $where\n" }
elsif (/^(?:SCHEMA|TABLE|COLUMN|DATATYPE|CONSTRAINT) NAME: /) { push @named, $_ }
END { done() }
PERL

# ask_inside DATABASE WORD…: as the administrator in a database that has what the application made: its event triggers on
# login (since 17) are not run.
ask_inside() { local more=$without_events; ask_as "$administrator" "$@"; }

# find_administrator USER: the superuser's name, which is `postgres` unless POSTGRES_USER named another.
find_administrator() {
    local one found
    newer='' language=''
    for one in postgres "$1"; do
        found=$(ask_as "$one" template1 2>/dev/null <<<"SELECT current_setting('server_version_num') || ' ' || rolname
            FROM pg_roles WHERE rolsuper AND rolcanlogin ORDER BY rolname <> current_user, oid LIMIT 1") && [[ $found =~ ^[0-9]+\ . ]] || continue
        # in English, as with_causes_only reads it; only a superuser may ask for that
        administrator=${found#* } without_events='' newer='' language=' -c lc_messages=C'
        # no older version knows them
        ((${found%% *} < 170000)) || without_events=' -c event_triggers=off' newer=' -c transaction_timeout=0'
        return
    done
    echo "No superuser of PostgreSQL can log in over its own socket: neither postgres nor $1." >&2
    return 1
}

# The loader exists while a dump is loaded. Without a password no network lets it in. BYPASSRLS: COPY refuses a table with
# row level security otherwise; it owns all of those tables, and reaches no other. Its messages are in English by a setting of
# the role: it may not ask for that itself.
loader_of() { local name=runbook_$1; ((${#name} <= 63)) || name=runbook_${1: -54}; printf '%s' "$name"; }

make_loader() {
    ask_as "$administrator" "$1" -v loader="$loader" -v staged="$1" <<'SQL'
CREATE ROLE :"loader" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT BYPASSRLS;
ALTER ROLE :"loader" SET lc_messages = 'C';
GRANT CREATE, CONNECT, TEMPORARY ON DATABASE :"staged" TO :"loader";
SELECT format('GRANT CREATE, USAGE ON SCHEMA public TO %I', :'loader') WHERE to_regnamespace('public') IS NOT NULL \gexec
SQL
}

# load_dump DATABASE OWNER: fills the empty DATABASE with the dump on standard input. What it prints is for records:
# `role<TAB>name` for each role that the dump names and the server had not, `unfilled<TAB>name` for each materialized view
# that could not be filled, and what analyze prints. 0: loaded. 2: the dump is truncated, or is not what pg_dump writes.
# 3: PostgreSQL rejects it. 4: the database ended, or what a load needs next to the dump could not be done.
load_dump() {
    local staged=$1 owner=$2 language='' loader output status
    loader=$(loader_of "$staged")
    make_loader "$staged" || return 4
    output=$(
        split_dump "$administrator" "$loader" "$owner" | ask_as "$administrator" "$staged" -f -
        printf 'status %s\n' "${PIPESTATUS[*]}"
    )
    status=$(tail -n 1 <<<"$output")
    grep -E $'^(role|unfilled)\t' <<<"$output"
    # 141: its reader ended before it, and is the one to ask. psql: 3 is an error in the SQL, 2 a lost connection.
    case $status in
        'status 0 0') ;;
        'status '*' 3') return 3 ;;
        'status '*' 0') return 2 ;;
        *) return 4 ;;
    esac
    [[ $(tail -n 2 <<<"$output" | head -n 1) == loaded ]] || return 2
    # what fails from here on says nothing about the dump
    analyze "$staged" "$loader" || return 4
}

# analyze DATABASE [LOADER]: the planner's statistics, once the role LOADER is gone. The load is good without those of a table whose
# own expressions cannot be computed (the live database has none either): `unanalyzed<TAB>name` for each. What the server lacked, or
# a stop, does not lie with the table: `unfinished<TAB>name (code)`. Tables that are elsewhere are not read for it, also as children of
# others: nothing may answer there.
analyze() {
    local script
    script=$({ [[ -z ${2-} ]] || printf 'DROP ROLE IF EXISTS "%s";\n' "$2"; cat; } <<'SQL' | ask_inside "$1"
SELECT format(E'ANALYZE %s;\n\\if :ERROR\nSELECT CASE WHEN :''LAST_ERROR_SQLSTATE'' ~ ''^(40|53|54|55|57|58|XX)'' THEN'
    || E' E''unfinished\\t'' || %L || '' ('' || :''LAST_ERROR_SQLSTATE'' || '')'' ELSE E''unanalyzed\\t'' || %L END;\n\\endif', one, one, one) FROM (
    SELECT oid::regclass::text AS one FROM pg_class WHERE relpersistence <> 't' AND relkind IN ('r', 'm', 'p')
        AND NOT ((relkind = 'p' OR relhassubclass) AND EXISTS (SELECT FROM pg_class WHERE relkind = 'f')) ORDER BY relkind DESC, oid) AS tables
SQL
    ) && ask_inside "$1" -v ON_ERROR_STOP=0 <<<"$script"
}
