# shellcheck shell=bash disable=SC2034,SC2329,SC2016
# What a dump holds, and whether two dumps hold the same. Shared by the backup, the drill and the restore.
#
# The dump is the measure of what must come back: PostgreSQL prints expressions differently after a restore, so no text of
# a definition is compared. A restored copy equals its backup when a dump of the copy holds the same:
#
#     gunzip -c -- "$file" | with_contents "$wanted" | psql …      what the file holds, recorded while it is loaded
#     "$@" … "${PG_DUMP[@]}" … | with_contents "$found" >/dev/null
#     same_contents "$wanted" "$found" || fail …                   prints what differs, < backup, > copy
#
# Contents are lines with fields by tabs, names in JSON's escapes:
#     table <name> <rows> <bytes> <sum>     one table: its columns and all its rows, whatever their order
#     object <type> <schema> <name> <owner> one entry of pg_dump's own table of contents; `-` where there is none
#     sequence <name> <value>,<is called>
#     large_objects <number> <bytes> <sum>
#     unreadable <name>                     a table with bytes in it that its own encoding, UTF-8, does not have
#     statements <bytes> <md5>              all text outside the blocks; another dump of the same data prints it differently
#     plain <bytes>                         the whole text
#     pg_dump <version>                     which made it, by its own header
#     end <1 or 0>                          1: PostgreSQL's end marker is in place, and nothing but comments follows

# Limits that a role or a database sets are for the application: a backup may take as long as it needs. What the client
# asks for at its start comes before both. Rows hidden by policies must be an error, never missing. A database may also
# put its own functions before pg_catalog's, and a superuser would run them; or give every session another role.
# How values are printed that pg_dump leaves to the session. A copy on a server with another time zone, or without the
# database's own settings, would print the same moment differently.
readonly PRINTED=' -c timezone=UTC -c bytea_output=hex' PRINTED_NAME='UTC, hex'
readonly OWN_LIMITS='-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0 -c idle_session_timeout=0
 -c default_transaction_read_only=off -c client_min_messages=warning -c quote_all_identifiers=off -c row_security=off
 -c max_parallel_workers_per_gather=0 -c search_path=pg_catalog -c role=none'"$PRINTED"
readonly WITH_OWN_LIMITS=(env "PGOPTIONS=${OWN_LIMITS//$'\n'/}")

# An event trigger on login (17) would run the application's function as the superuser that we come as, and what it writes
# would be in the copy and not in the backup. No older version knows the setting, and no one but a superuser may set it.
readonly WITHOUT_EVENTS='case $(psql --version) in *") "[0-9].*|*") 1"[0-6]|*") 1"[0-6][!0-9]*) ;; *) export PGOPTIONS="$PGOPTIONS -c event_triggers=off" ;; esac'
readonly DUMP_OPTIONS=(--format=plain --lock-wait-timeout=60s)
# pg_dump with its options, as a superuser. Docker takes two thirds less time to pass on few large writes than many small ones; where
# the database's image has no stdbuf, it goes without.
readonly PG_DUMP=("${WITH_OWN_LIMITS[@]}" sh -c "$WITHOUT_EVENTS"'
    command -v stdbuf >/dev/null && exec stdbuf -o1M pg_dump "$@"; exec pg_dump "$@"'
    pg_dump "${DUMP_OPTIONS[@]}")

# dump_as_recorded MANIFEST FILE: sets `dumping` to PG_DUMP as that backup was printed. Earlier ones had the database's own settings.
# In its encoding: a copy on another server may have another one, and the same letter would be other bytes.
dump_as_recorded() {
    local encoding
    dumping=("${PG_DUMP[@]}")
    grep -qF "\"values\": \"$PRINTED_NAME\"" -- "$1" || dumping=("${PG_DUMP[@]/"$PRINTED"/}")
    encoding=$(gunzip -c -- "$2" 2>/dev/null | head -n 60 | sed -n "s/^SET client_encoding = '\([A-Za-z0-9_]\{1,40\}\)';$/\1/p" | head -n 1) || true
    [[ -z $encoding ]] || dumping+=("--encoding=$encoding")
}

# AS_WHO_MAY_READ PROGRAM USER DATABASE WORD…: psql or pg_dump there, as a superuser where one lets us in over the socket,
# because the owner of a database may not read the tables of other roles; else as USER. The superuser has the name that
# POSTGRES_USER gave it, which any role can look up. One call, as each costs half a second. pg_dump waits for the name of a
# snapshot on its standard input: that half second passes while another session makes one; without a name nothing is dumped.
readonly AS_WHO_MAY_READ=(sh -c 'own=$PGOPTIONS; '"$WITHOUT_EVENTS"'
    program=$1 user=$2 database=$3 superuser=; shift 3
    ask() { psql -XqAt -U "$1" -d "$database" -c "$2" 2>/dev/null </dev/null; }
    who="SELECT rolname FROM pg_catalog.pg_roles WHERE rolsuper AND rolcanlogin ORDER BY rolname <> current_user, oid LIMIT 1"
    for one in postgres "$user"; do
        role=$(ask "$one" "$who" || PGOPTIONS=$own ask "$one" "$who")
        [ -z "$role" ] || superuser=$(ask "$role" "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user")
        [ "$superuser" != t ] || break
    done
    [ "$superuser" = t ] || { role=$user; export PGOPTIONS="$own"; }
    # a role or a database may set another one for its clients, which lacks letters that are in the rows
    encoding=$(ask "$role" "SELECT pg_catalog.pg_encoding_to_char(encoding) FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()")
    [ -z "$encoding" ] || export PGCLIENTENCODING="$encoding"
    if [ "$program" = pg_dump ]; then
        read -r snapshot && [ -n "$snapshot" ] || exit 1
        set -- "$@" --snapshot="$snapshot"
        exec </dev/null
        command -v stdbuf >/dev/null && exec stdbuf -o1M pg_dump -U "$role" -d "$database" "$@"
    fi
    exec "$program" -U "$role" -d "$database" "$@"' as-who-may-read)

# what an operator's shell exports must not change how bytes are read
readonly PERL=(env -u PERL5OPT -u PERL_UNICODE -u PERLIO perl)

# names_program: how names are written in contents.
names_program() {
    cat <<'PERL'
# A name may hold any byte. In a database that is not UTF-8 the bytes are shown as Latin-1: two names stay two names.
sub escaped {
    my ($name) = @_;
    my $copy = $name;
    $name =~ s/(["\\])/\\$1/g;
    # as PostgreSQL's own to_json: manifests of format 1 and 2 have it from there
    my %short = ("\b" => 'b', "\f" => 'f', "\n" => 'n', "\r" => 'r', "\t" => 't');
    $name =~ s/([\x00-\x1f])/'\\' . ($short{$1} || sprintf 'u%04x', ord $1)/ge;
    $name =~ s/([\x80-\xff])/sprintf '\\u%04x', ord $1/ge unless utf8::decode($copy);
    return $name;
}
PERL
}

# contents_program: Perl with Digest::MD5, which a server with git has. Time grows with the bytes, and memory with the
# longest line of SQL, never with a row: awk needs hours for a row of 60 MiB.
contents_program() {
    cat <<'PERL'
use strict; use warnings;
use Digest::MD5 'md5';
my ($out, $buffer, $quote, $depth, $statement, $ended, $plain) = ($ARGV[0], '', undef, 0, '', 0, 0);
my ($large_objects, $large_bytes, $statement_bytes, @lines) = (0, 0, 0);
my ($all_statements, $large_sum, $large_object, $utf_8, %unreadable, %inherits, %partitioned, %parts) = (Digest::MD5->new, 0);
$| = 1;

# the next bytes go on to whoever reads them, and into the buffer; 0 at the end
sub fill {
    my $got = sysread STDIN, my $chunk, 65536;
    die "The dump cannot be read: $!\n" unless defined $got;
    my $sent = 0;
    while ($sent < $got) { $sent += syswrite(STDOUT, $chunk, $got - $sent, $sent) // die "The dump cannot be passed on: $!\n" }
    $plain += $got;
    $buffer .= $chunk;
    return $got;
}

sub next_line {
    my ($from, $at) = (0);
    while (($at = index $buffer, "\n", $from) < 0) {
        $from = length $buffer;
        next if fill();
        my $rest = $buffer;
        $buffer = '';
        return length $rest ? $rest : undef;
    }
    return substr $buffer, 0, $at + 1, '';
}

# A child of other tables can come back with its columns in another order: its own ones go behind those of its parents. And
# a row of one partition can come back in another, whose columns have another order.
# Where the order is not that of the names, the columns as sorted and the place of each; else as they are.
sub columns_by_name {
    my ($columns) = @_;
    my @names = $columns =~ /((?:"(?:[^"]|"")+"|[^\s,()]+))/g;
    my @order = sort { $names[$a] cmp $names[$b] } 0 .. $#names;
    return ($columns) unless grep { $order[$_] != $_ } 0 .. $#order;
    return ('(' . join(', ', @names[@order]) . ')', @order);
}

sub table { my ($name, $rows, $bytes, $sum) = @_; push @lines, join "\t", 'table', escaped($name), $rows, $bytes, sprintf '%016x', $sum }

# Whether PostgreSQL would take these bytes for UTF-8: no surrogates, nothing above 10FFFF. What a cast without a function or an
# old version left is dumped as it is, and no restore takes it. A letter that may go on in the next piece goes to $rest.
sub is_utf_8 {
    my ($text, $rest) = @_;
    $$rest = substr($text, -3) =~ /([\xc2-\xf4][\x80-\xbf]{0,2})\z/ ? $1 : '';
    substr $text, -length $$rest, length $$rest, '' if length $$rest;
    my $copy = $text;
    return 0 unless utf8::decode($copy);
    return !utf8::is_utf8($copy) || $text !~ /\xed[\xa0-\xbf]|\xf4[\x90-\xbf]|[\xf5-\xff]/;
}

# Rows of one table, up to the line `\.`, which no row can be: COPY doubles every backslash. 0: the dump ends before it.
# The sum over the rows does not depend on their order: a row that fits goes into an earlier page when it is loaded.
sub copy_rows {
    my ($name, $columns) = @_;
    ($columns, my @order) = columns_by_name($columns) if $inherits{$name} || $partitioned{$name};
    my ($sum, $rows, $bytes, $first, $begun, $kept, $cut) = (unpack('%64Q*', md5($columns)), 0, 0, 1, undef, '', '');
    my $take = sub {
        my $piece = substr $buffer, 0, $_[0], '';
        # the newline put before the first row is not part of it
        if ($first) { substr $piece, 0, 1, ''; $first = 0 }
        $rows += $piece =~ tr/\n//;
        $bytes += length $piece;
        $unreadable{$name} = 1 if $utf_8 && !is_utf_8($cut .= $piece, \$cut);
        if (@order) {
            $kept .= $piece;
            return if index($piece, "\n") < 0;
            my @whole = split /\n/, $kept, -1;
            $kept = pop @whole;
            use integer;
            $sum += unpack '%64Q*', join '', map { md5(join "\t", (split /\t/, $_, -1)[@order]) } @whole;
            return;
        }
        if ($begun) {
            my $end = index $piece, "\n";
            $begun->add($end < 0 ? $piece : substr $piece, 0, $end);
            return if $end < 0;
            use integer;  # adds without an overflow
            $sum += unpack '%64Q*', $begun->digest;
            substr $piece, 0, $end + 1, '';
            $begun = undef;
        }
        my @whole = split /\n/, $piece, -1;
        my $rest = pop @whole // '';
        $begun = Digest::MD5->new->add($rest) if length $rest;
        use integer;
        $sum += unpack '%64Q*', join '', map { md5($_) } @whole if @whole;
    };
    substr $buffer, 0, 0, "\n";
    my $end;
    while (($end = index $buffer, "\n\\.\n") < 0) {
        $take->(length($buffer) - 3) if length $buffer > 3;
        return 0 unless fill();
    }
    $take->($end + 1);
    substr $buffer, 0, 3, '';
    if ($partitioned{$name}) {
        my $parts = $parts{$name} //= [0, 0, 0];
        use integer;
        $parts->[0] += $rows; $parts->[1] += $bytes; $parts->[2] += $sum;
        return 1;
    }
    table($name, $rows, $bytes, $sum);
    return 1;
}

# pg_dump's own entry: what the next statements create
sub entry {
    my ($line) = @_;
    if ($line =~ /\A-- (?:Data for )?Name: (.*); Type: (.*); Schema: (.*); Owner: (.*)\n\z/) {
        push @lines, join "\t", 'object', map { escaped($_) } $2, $3, $1, $4;
    }
    elsif ($line =~ /\A-- Dumped by pg_dump version ([\x20-\x7e]*)\n\z/) { push @lines, "pg_dump\t" . escaped($1) }
    elsif ($line eq "-- PostgreSQL database dump complete\n") { $ended = 1 }
    elsif ($line ne "--\n") { $ended = 0 }
}

# 0: the dump ends inside this statement
sub statement_is_over {
    my $text = $statement;
    $statement = '';
    my $name = qr/(?:"(?:[^"]|"")+"|[^\s".(]+)/;
    if ($text =~ /\ACOPY ($name\.$name) *(\(.*\))? *FROM stdin;\z/s) { return copy_rows($1, $2 // '') }
    $utf_8 = $1 eq 'UTF8' if $text =~ /\ASET client_encoding = '(\w+)';\z/;
    $inherits{$1} = 1 if $text =~ /\ACREATE (?:UNLOGGED )?TABLE ($name\.$name) .*^INHERITS \(/ms;
    # it has no rows of its own: where a restore may put them into other partitions, those of all are written as its
    $partitioned{$1} = 1 if $text =~ /\ACREATE TABLE ($name\.$name) .*^PARTITION BY [A-Z]+ \(/ms;
    return 0 if $text =~ /\bFROM stdin;\z/;  # rows follow, of no table that could be named
    if ($text =~ /\ASELECT pg_catalog\.setval\('((?:[^']|'')*)', (-?\d+), (true|false)\);\z/s) {
        my ($sequence, $value) = ($1, "$2,$3");
        $sequence =~ s/''/'/g;
        push @lines, join "\t", 'sequence', escaped($sequence), $value;
    }
    elsif ($text =~ /\ASELECT pg_catalog\.(lo_create|lo_open|lowrite|lo_close)\(/) {
        my $step = $1;
        $large_objects++ if $step eq 'lo_create';
        $large_bytes += length $text;
        # one object is written from its lo_open to its lo_close; their order is not part of it
        $large_object = Digest::MD5->new if $step ne 'lowrite' && $step ne 'lo_close';
        $large_object->add($text) if $large_object;
        use integer;
        $large_sum += unpack '%64Q*', $large_object->digest if $large_object && $step =~ /create|close/;
    }
    return 1;
}

# One line of SQL. What stands in quotes, function bodies and comments is not a statement, whatever it looks like.
sub scan {
    my ($line) = @_;
    my $begin = 0;
    for ($line) {
        until (/\G\z/gc) {
            if (defined $quote) { inside_quote(\$line); next }
            if (/\G(?:[\s(),.:=<>+*\[\]|&!?#%^~\@{}`\x00-\x08]|[0-9][0-9A-Za-z_.]*|\$[0-9]+)+/gc) { next }
            if (/\G([A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff\$]*)/gc) { $quote = "E'" if $1 =~ /\A[eE]\z/ && /\G'/gc; next }
            if (/\G(['"])/gc) { $quote = $1; next }
            if (/\G(\$(?:[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*)?\$)/gc) { $quote = $1; next }
            if (/\G--.*/gc) { next }
            if (m{\G/\*}gc) { ($quote, $depth) = ('/*', 1); next }
            if (/\G;/gc) {
                my $at = pos;
                $statement .= substr $line, $begin, $at - $begin;
                $begin = $at;
                # the rows of a COPY begin on the next line
                return 0 unless statement_is_over();
                $begin = $at + 1 if substr($line, $at, 1) eq "\n";
                pos = $at;
                next;
            }
            /\G./gcs;
        }
    }
    $statement .= substr $line, $begin if $begin < length $line && length $statement < 1_000_000;
    return 1;
}

sub inside_quote {
    my ($line) = @_;
    for ($$line) {
        if ($quote eq "'" || $quote eq '"') {
            my $end = index $_, $quote, pos() // 0;
            # a doubled quote closes and opens again, which is the same
            if ($end >= 0) { pos = $end + 1; $quote = undef } else { pos = length }
        }
        elsif ($quote eq "E'") {
            next if /\G[^'\\]+/gc || /\G\\./gcs;
            if (/\G'/gc) { $quote = undef } else { /\G./gcs }
        }
        elsif ($quote eq '/*') {
            next if m{\G[^/*]+}gc;
            if (m{\G/\*}gc) { $depth++ }
            elsif (m{\G\*/}gc) { $quote = undef unless --$depth }
            else { /\G./gcs }
        }
        else {
            my $end = index $_, $quote, pos() // 0;
            if ($end >= 0) { pos = $end + length $quote; $quote = undef } else { pos = length }
        }
    }
}

my $whole = 1;
while (defined(my $line = next_line())) {
    $all_statements->add($line);
    $statement_bytes += length $line;
    if (!defined $quote && $statement !~ /\S/) {
        $statement = '';
        if ($line =~ /\A--/) { entry($line); next }
        next if $line eq "\n";
        # psql's own commands: since 15.14 a dump begins and ends with one
        if ($line =~ /\A\\/) { $ended = 0 unless $line =~ /\A\\unrestrict [A-Za-z0-9]+\n\z/; next }
    }
    $ended = 0;
    $whole = scan($line) or last;
}
while (fill()) { $buffer = '' }  # whoever reads the rest gets it, whatever it is
$ended = 0 unless $whole && !defined $quote && $statement !~ /\S/;
table($_, @{$parts{$_}}) for keys %parts;
push @lines, map { "unreadable\t" . escaped($_) } sort keys %unreadable;
push @lines, sprintf "large_objects\t%d\t%d\t%016x", $large_objects, $large_bytes, $large_sum if $large_bytes;
push @lines, join("\t", 'statements', $statement_bytes, $all_statements->hexdigest), "plain\t$plain", "end\t" . ($ended ? 1 : 0);
open my $contents, '>', $out or die "Cannot write $out: $!\n";
print $contents map { "$_\n" } @lines or die "Cannot write $out: $!\n";
close $contents or die "Cannot write $out: $!\n";
PERL
}

# with_contents CONTENTS: copies a dump from its input to its output, and writes what it holds to CONTENTS at its end.
with_contents() {
    "${PERL[@]}" -MDigest::MD5 -e 1 2>/dev/null || { echo "This server has no perl with Digest::MD5, which reads dumps: install the package perl." >&2; return 127; }
    "${PERL[@]}" -e "$(names_program)$(contents_program)" -- "$1"
}

# counted_names: lines "<name in hex><TAB><rows>[<TAB><name in hex>]" with the names as contents have them.
counted_names() {
    "${PERL[@]}" -ne "$(names_program)"' /^([0-9a-f]+)\t(\d+)(?:\t([0-9a-f]+))?$/ or next;
        print escaped(pack "H*", $1), "\t$2", defined $3 ? "\t" . escaped(pack "H*", $3) : "", "\n"'
}

# utf_8_json: JSON as a database of any encoding prints it, whose names are bytes to it: as Latin-1 where they are not UTF-8.
utf_8_json() { "${PERL[@]}" -pe 'my $copy = $_; s/([\x80-\xff])/sprintf "\\u%04x", ord $1/ge unless utf8::decode($copy)'; }

# read_contents FILE CONTENTS: a compressed dump, read to its last byte. Fails when it cannot be.
read_contents() {
    gunzip -c -- "$1" | with_contents "$2" >/dev/null
    local status=("${PIPESTATUS[@]}")
    [[ ${status[*]} == "0 0" ]]
}

is_complete() { grep -qx $'end\t1' -- "$1"; }

# comparable CONTENTS: the lines that a restored copy must have as well, sorted. Whether a materialized view could be filled
# is reported by the load: its query may fail today on the live database too.
comparable() (
    set -o pipefail  # grep would fail where there is not one line; a sort that fails must be seen
    LC_ALL=C awk '/^(table|object|sequence|large_objects)\t/ && !/^object\tMATERIALIZED VIEW DATA\t/' <"$1" | LC_ALL=C sort
)

# without_owner_of_public WANTED: pg_dump before 15 wrote no entry for the schema public, whoever owned it; that of the copy
# is then none that the backup could have. Its owner is in the entry of its privileges, in both.
without_owner_of_public() {
    if grep -qE $'^pg_dump\t(9\.|1[0-4]([^0-9]|$))' -- "$1" && ! grep -q $'^object\tSCHEMA\t-\tpublic\t' -- "$1"; then
        sed $'/^object\tSCHEMA\t-\tpublic\t/d'
    else cat; fi
}

# same_contents WANTED FOUND: prints the first lines that differ. A truncated dump is never the same as another. Status 1:
# they differ; 2: they could not be compared, which is never the same as two empty ones.
same_contents() {
    local wanted found one
    for one; do is_complete "$one" || { echo "PostgreSQL's end marker is missing in one of the dumps."; return 1; }; done
    if ! wanted=$(comparable "$1") || ! found=$(set -o pipefail; comparable "$2" | without_owner_of_public "$1"); then
        echo "The contents could not be compared: is the disk full?"
        return 2
    fi
    [[ $wanted != "$found" ]] || return 0
    diff <(printf '%s\n' "$wanted") <(printf '%s\n' "$found") | sed -n '/^[<>]/p' | first_lines 1500
    return 1
}

# contents_digest CONTENTS: one value for all that a restored copy must have; manifests and drills record it. Fails, and
# prints nothing, where they cannot be read.
contents_digest() {
    local lines; lines=$(comparable "$1") || return
    { [[ -z $lines ]] || printf '%s\n' "$lines"; } | md5sum | cut -d' ' -f1
}

# contents_match_manifest CONTENTS MANIFEST: prints what differs. A manifest of format 1 or 2 names the rows of each table,
# with hashes of the database's own printing, which no dump can be compared with: its sha256 stands for the rest.
contents_match_manifest() {
    local recorded found contents digest
    contents=$(grep -oP -m 1 '"contents": "\K[0-9a-f]{32}' -- "$2")
    if ! recorded=$(set -o pipefail; sed -nE 's/^\{"table" ?: ?"(.*)", "rows" ?: ?([0-9]+), .*/\1\t\2/p' -- "$2" | LC_ALL=C sort) \
        || ! found=$(set -o pipefail; awk -F '\t' '$1 == "table" { print $2 "\t" $3 }' <"$1" | LC_ALL=C sort) \
        || ! digest=$(contents_digest "$1"); then
        echo "The dump could not be compared with its manifest: is the disk full?"
        return 2
    fi
    if [[ $recorded != "$found" ]]; then
        echo "The dump does not hold the rows that its manifest names (< manifest, > dump):"
        diff <(echo "$recorded") <(echo "$found") | grep '^[<>]' | first_lines 1500
        return 1
    fi
    if [[ -z $contents ]]; then
        [[ -n $recorded ]] || { echo "The manifest names no table."; return 1; }
    elif [[ $contents != "$digest" ]]; then
        echo "The dump holds other contents than its manifest names."
        return 1
    elif ! grep -qF "\"statements\": \"$(sed -n 's/^statements\t.*\t//p' -- "$1")\"" -- "$2"; then
        echo "The dump has other statements than its manifest names."
        return 1
    fi
}
