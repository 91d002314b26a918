# shellcheck shell=bash disable=SC2034
# A plain dump as a script for psql in which two roles take turns. Shared by the restore and the drill, through load_dump.sh.
#
# The loader owns the staged database's objects while they are loaded, and has power over nothing else on the server: what
# the application wrote (the functions of a CHECK, a generated column, a domain, an index) runs as the loader. The
# administrator runs only kinds of statement that run none of that: extensions, owners, privileges, publications. The roles
# change by `\connect`, never by SET ROLE or SET SESSION AUTHORIZATION: a function could take those back.
# Owners, privileges and comments come last, then materialized views, as their owners, then event triggers.

# split_dump ADMINISTRATOR LOADER OWNER: from standard input to standard output, in one pass and bounded memory. Perl,
# because mawk needs much more than linear time for a long line. Fails, with the line, on what it will not pass on.
split_dump() {
    command -v perl >/dev/null || { echo 'This server has no perl, which reads the dump: install perl-base.' >&2; return 127; }
    LC_ALL=C perl -e "$SPLIT_DUMP" -- "$@"
}

IFS= read -r -d '' SPLIT_DUMP <<'PERL' || true
use strict; use warnings;
my ($administrator, $loader, $owner) = @ARGV;
my ($buffer, $number, $as, $conforming, $quoted_role) = ('', 0, '', 1, 0);
my (@settings, %place, %known, %of_files, @roles, @last, @refresh, @events);
binmode STDIN; binmode STDOUT;
sub refuse { print "\\quit\n"; die "line $number of the dump: $_[0]\n" }
sub fill { my $got = sysread STDIN, $buffer, 262144, length $buffer; defined $got or refuse("cannot be read: $!"); $got }
sub next_line {
    my ($from, $at) = (0);
    while (($at = index $buffer, "\n", $from) < 0) { $from = length $buffer; fill() or last }
    $at = length($buffer) - 1 if $at < 0;
    $number++;
    return substr $buffer, 0, $at + 1, '';
}
# The rows of one COPY, whatever their length: only its end is looked for.
sub pass_rows {
    my $at;
    length $buffer > 2 or fill() or refuse('it ends within a table') while length $buffer < 3;
    if (substr($buffer, 0, 3) eq "\\.\n") { print substr $buffer, 0, 3, ''; return }
    while (($at = index $buffer, "\n\\.\n") < 0) {
        print substr $buffer, 0, length($buffer) - 3, '' if length $buffer > 3;
        fill() or refuse('it ends within a table');
    }
    print substr $buffer, 0, $at + 4, '';
}
sub quoted { my $name = shift; $name =~ s/"/""/g; qq("$name") }
sub literal { my $text = shift; $text =~ s/([\\'])/$1$1/g; "E'$text'" }
sub as {
    my $role = shift;
    return if $as eq $role;
    $as = $role;
    # in English, as with_causes_only reads it; the loader has that from make_loader
    print '\connect - ', quoted($role), "\n", $role eq $administrator ? "SET lc_messages = 'C';\n" : (), map { $_->[1] } @settings;
}
# psql reads strings, and so where a statement ends, by two settings that any function may change for its session. Left
# so, a string of the next statement could go on to what psql would take for commands of its own.
sub as_before { print 'SET search_path = \'\'; ', (map { $_->[1] =~ s/\n//r } grep { $_->[0] =~ /^(?:client_encoding|standard_conforming_strings)$/ } @settings), "\n" }
sub remember {
    my ($name, $statement) = @_;
    if (defined $place{$name}) { $settings[$place{$name}][1] = $statement }
    else { $place{$name} = @settings; push @settings, [$name, $statement] }
    print $statement if $as;
}
# A role that the dump names and the server has not is made without login, and reported: at once, or before the owners.
sub later_role { push @roles, @_ }
sub need_role {
    for my $name (@_) {
        next if $known{$name}++;
        my $role = literal($name);
        my $missing = "WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $role)";
        as($administrator);
        print "SELECT E'role\\t' || $role $missing;\n",
            "SELECT pg_catalog.format(one, $role) FROM (SELECT pg_catalog.unnest(ARRAY['CREATE ROLE %I NOLOGIN', ",
            "'COMMENT ON ROLE %I IS ''runbook: named by a backup, made without login''']) AS one) AS made $missing \\gexec\n";
    }
}
PERL
SPLIT_DUMP+=$(cat <<'PERL'

# One statement, by psql's own rules: strings, quoted names, dollar quotes, comments, parentheses, BEGIN ATOMIC.
# `$shape` is the statement without the contents of its strings; quoted names are numbers into @names.
my ($text, $shape, $state, $tag, $depth, $begin, $comment, $words, @names, @first);
sub start { ($text, $shape, $state, $tag, $depth, $begin, $comment, $words) = ('', '', '', '', 0, 0, 0, 0); @names = (); @first = () }
sub word {
    my $word = lc shift;
    push @first, $word if @first < 4;
    my $kind = $first[1] // '';
    $kind = $first[3] // '' if $kind eq 'or';
    return unless $first[0] eq 'create' && $kind =~ /^(?:function|procedure)$/ && !$depth;
    if ($word eq 'begin') { $begin++ } elsif ($word eq 'case') { $begin++ if $begin } elsif ($word eq 'end') { $begin-- if $begin }
}
# scan LINE: reads to the end of the line or of the statement; true at the end of a statement. pos() of $_[0] moves.
sub scan {
    for ($_[0]) {
        while (pos() < length) {
            if ($state eq "'") { if (/\G[^']+/gc) {} elsif (/\G'/gc) { $state = '' } }
            elsif ($state eq 'E') { if (/\G[^'\\]+/gc || /\G\\./gcs || /\G''/gc) {} elsif (/\G'/gc) { $state = '' } else { last } }
            elsif ($state eq '"') { if (/\G([^"]+|"")/gc) { $names[-1] .= $1 eq '""' ? '"' : $1 } elsif (/\G"/gc) { $state = '' } }
            elsif ($state eq '$') {
                my $end = index $_, $tag, pos;
                if ($end < 0) { pos() = length } else { pos() = $end + length $tag; $state = '' }
            }
            elsif ($state eq '*') {
                if (/\G\/\*/gc) { $comment++ } elsif (/\G\*\//gc) { $state = '' unless --$comment } else { /\G[^*\/]+/gc or /\G./gcs }
            }
            elsif (/\G\s+/gc) { $shape .= ' ' }
            elsif (/\G--[^\n]*/gc) {}
            elsif (/\G\/\*/gc) { ($state, $comment) = ('*', 1) }
            elsif (/\G[eE]'/gc) { $state = 'E'; $shape .= "''" }
            elsif (/\G'/gc) { $state = $conforming ? "'" : 'E'; $shape .= "''" }
            elsif (/\G"/gc) { $state = '"'; push @names, ''; $shape .= '"' . $#names . '"' }
            elsif (/\G(\$(?:[A-Za-z_\x80-\xff][A-Za-z_0-9\x80-\xff]*)?\$)/gc) { ($state, $tag) = ('$', $1); $shape .= '$$' }
            elsif (/\G([A-Za-z_\x80-\xff][A-Za-z_0-9\$\x80-\xff]*)/gc) { word($1); $shape .= $1 }
            elsif (/\G\(/gc) { $depth++; $shape .= '(' }
            elsif (/\G\)/gc) { $depth-- if $depth; $shape .= ')' }
            elsif (/\G;/gc) { $shape .= ';'; return 1 unless $depth || $begin }
            elsif (/\G\\/gc) { refuse('a command of psql where only SQL belongs: this is not what pg_dump writes') }
            else { /\G(.)/gcs; $shape .= $1 }
        }
    }
    return 0;
}
sub roles_of { map { /^"(\d+)"$/ ? $names[$1] : $_ } grep { !/^PUBLIC$/i } split /, (?:GROUP )?/, $_[0] }
PERL
)
SPLIT_DUMP+=$(cat <<'PERL'

# Languages whose functions a role that is not a superuser may make, and what such a function may set for itself.
my $trusted = qr/^(?:sql|plpgsql|plperl|pltcl|plv8|pltrusted)$/i;
my $harmless = qr/^(?:search_path|timezone|datestyle|intervalstyle|work_mem|maintenance_work_mem|statement_timeout|lock_timeout|role|row_security|enable_\w+|jit\w*|plpgsql\.variable_conflict|default_t\w+|extra_float_digits|bytea_output|xmloption|client_min_messages|constraint_exclusion|synchronous_commit)$/i;
my $header = qr/^(?:search_path|\w+_timeout|client_\w+|standard_conforming_strings|check_function_bodies|xmloption|row_security|default_t\w+|default_with_oids|escape_string_warning)$/;
my $N = qr/(?:"\d+"|[A-Za-z_\x80-\xff][\w\$\x80-\xff]*)/;
my $administrators = qr/(?:EXTENSION|(?:OR REPLACE )?(?:TRUSTED )?(?:PROCEDURAL )?LANGUAGE|FOREIGN DATA WRAPPER|SERVER|USER MAPPING|ACCESS METHOD|CAST|TRANSFORM|TEXT SEARCH (?:PARSER|TEMPLATE)|OPERATOR (?:CLASS|FAMILY))/;
my $last = qr/^(?:GRANT|REVOKE|ALTER DEFAULT PRIVILEGES|SET SESSION AUTHORIZATION|RESET SESSION AUTHORIZATION|COMMENT ON|SECURITY LABEL|(?:CREATE|ALTER) (?:PUBLICATION|SUBSCRIPTION))\b/;
my $function_is_the_administrators = 0;
sub is_the_administrators {
    my $s = shift;
    return 1 if $s =~ /^CREATE $administrators\b/;
    return 1 if $s =~ /^ALTER (?:OPERATOR FAMILY|FOREIGN DATA WRAPPER|SERVER|EXTENSION) /;
    return 1 if $s =~ /^CREATE TYPE [^ (]+ ?;/ || $s =~ /^CREATE TYPE [^ (]+ \(.*\bINPUT = / || $s =~ /^CREATE TYPE [^ (]+ AS RANGE \(.*\bcanonical = /i;
    return 1 if $s =~ /^CREATE AGGREGATE .*\bSTYPE = internal\b/;
    return 1 if $s =~ /^ALTER TABLE .* (?:ENABLE|DISABLE)(?: ALWAYS| REPLICA)? TRIGGER /;
    return 0 unless $s =~ /^CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE) /;
    my ($head) = $s =~ /^(.*?)(?: AS (?:\$\$|'')| BEGIN ATOMIC | RETURN |;$)/;
    my ($language) = $head =~ /.* LANGUAGE ($N)/;
    ($language) = roles_of($language) if defined $language;
    return 1 if defined $language && $language !~ $trusted;
    return 1 if $head =~ / (?:LEAKPROOF|SUPPORT)\b/;
    while ($head =~ / SET ($N(?:\.$N)*) TO /g) { my $name = $1; $name =~ s/"(\d+)"/$names[$1]/g; return 1 if $name !~ $harmless }
    return 0;
}
sub extension_tables {  # the rows of an extension's configuration are in the dump, and foreign keys of others' to its tables
    print "SELECT pg_catalog.format('GRANT %s ON %s TO %I', CASE WHEN c.relkind = 'S' THEN 'UPDATE' WHEN c.oid = ANY (e.extconfig) THEN 'INSERT, REFERENCES' ELSE 'REFERENCES' END, c.oid::pg_catalog.regclass, ",
        literal($loader), ") FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_depend d ON d.refobjid = e.oid AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e' ",
        "JOIN pg_catalog.pg_class c ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = d.objid WHERE c.relkind IN ('r', 'p') OR c.oid = ANY (e.extconfig) \\gexec\n";
}
# Who passed a privilege on may have lost the schema since, and could not name the object in it: lent for these statements.
my ($grantor, $lent) = (undef, '');
sub lend {
    my ($schema, $role) = (shift, $grantor);
    my ($place, $who) = (literal($schema), literal($role));
    my $set = pop @last;
    push @last, "SELECT NOT pg_catalog.has_schema_privilege($who, $place, 'USAGE') AS lent \\gset\n\\if :lent\nGRANT USAGE ON SCHEMA " . quoted($schema) . ' TO ' . quoted($role) . ";\n\\endif\n$set";
    $lent = "\\if :lent\nREVOKE USAGE ON SCHEMA " . quoted($schema) . ' FROM ' . quoted($role) . ";\n\\endif\n";
}
sub pass_statement {
    my $s = $shape; $s =~ s/\s+/ /g; $s =~ s/^ | $//g;
    my $statement = "$text\n";
    if ($s =~ /^SET (?!SESSION AUTHORIZATION )(\w+)/ || $s =~ /^SELECT pg_catalog\.set_config\(/) {
        my $name = $1 // 'search_path';
        refuse("$name is not a setting of a dump") if $name !~ $header;
        # a pg_dump since 17 writes it whatever the server is, and none before 17 knows it; our sessions have no such limit
        return if $name eq 'transaction_timeout';
        $conforming = $statement !~ /\boff\b/ if $name eq 'standard_conforming_strings';
        if ($name eq 'default_tablespace' && $s =~ / = ($N);/) {
            my ($place) = roles_of($1);
            if (!$known{"tablespace $place"}++) { as($administrator); print 'GRANT CREATE ON TABLESPACE ', quoted($place), ' TO ', quoted($loader), ";\n" }
        }
        return remember($name, $statement);
    }
    if ($s =~ /^(?:CREATE|ALTER|COMMENT ON|SECURITY LABEL (?:FOR \S+ )?ON) EVENT TRIGGER /) {
        later_role(roles_of($1)) if $s =~ / OWNER TO ($N);$/;
        return push @events, $statement;
    }
    return push @refresh, $statement if $s =~ /^REFRESH MATERIALIZED VIEW /;
    if ($s =~ /^ALTER .* OWNER TO ($N);$/) {
        my @owners = roles_of($1);
        if ($function_is_the_administrators) { $function_is_the_administrators = 0; need_role(@owners); as($administrator); print $statement; return }
        later_role(@owners);
        return push @last, $statement;
    }
    $function_is_the_administrators = 0;
    if ($s =~ $last) {
        later_role(roles_of($1)) if $s =~ /^ALTER DEFAULT PRIVILEGES FOR ROLE ($N)/;
        later_role(roles_of($1)) if $s =~ /^(?:GRANT|REVOKE|ALTER DEFAULT PRIVILEGES)\b.* (?:TO|FROM) ((?:GROUP )?$N(?:, $N)*)(?: WITH GRANT OPTION)?(?: GRANTED BY $N)?;$/;
        if ($s =~ /^SET SESSION AUTHORIZATION ($N);$/) { later_role(roles_of($1)) }
        elsif ($s =~ /^SET SESSION AUTHORIZATION ''/ && $statement =~ /'((?:[^']|'')*)'/) { my $name = $1; $name =~ s/''/'/g; later_role($name) }
        if ($s =~ /^SET SESSION AUTHORIZATION /) { $grantor = $roles[-1] }
        elsif ($s =~ /^RESET SESSION AUTHORIZATION/) { $statement .= $lent; ($grantor, $lent) = (undef, '') }
        elsif (defined $grantor && !$lent && $s =~ /^(?:GRANT|REVOKE) .*? ON (?:[A-Z ]+ )?($N)\.$N/) { lend($1 =~ /^"(\d+)"$/ ? $names[$1] : $1) }
        return push @last, $statement;
    }
    need_role(roles_of($1)) if $s =~ /^CREATE POLICY $N ON (?:ONLY )?$N(?:\.$N)?(?: AS \w+)?(?: FOR \w+)? TO ($N(?:, $N)*)/;
    need_role(roles_of($1)) if $s =~ /^CREATE USER MAPPING FOR ($N) SERVER/;
    if (is_the_administrators($s)) {
        $of_files{(roles_of($1))[0]} = 1 if $s =~ /^CREATE SERVER (?:IF NOT EXISTS )?($N) .*FOREIGN DATA WRAPPER file_fdw\b/;
        as($administrator);
        print $statement;
        extension_tables() if $s =~ /^CREATE EXTENSION /;
        print 'GRANT USAGE ON FOREIGN SERVER ', ($1 =~ /^"(\d+)"$/ ? quoted($names[$1]) : $1), ' TO ', quoted($loader), ";\n" if $s =~ /^CREATE SERVER (?:IF NOT EXISTS )?($N)/;
        $function_is_the_administrators = $s =~ /^CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE) /;
        return;
    }
    # which file the server reads is for an administrator to say; no expression of the table is run for it
    if ($s =~ /^CREATE FOREIGN TABLE ($N\.$N) .*\bSERVER ($N)(?: OPTIONS \(|;)/ && $of_files{(roles_of($2))[0]}) {
        my $table = join '.', map { quoted($_) } map { roles_of($_) } split /\./, $1;
        as($administrator);
        print $statement, "ALTER FOREIGN TABLE $table OWNER TO ", quoted($loader), ";\n";
        return;
    }
    as($loader);
    print $statement;
    pass_rows() if $s =~ /^COPY .* FROM stdin;$/;
    as_before() unless $s =~ /^(?:SELECT pg_catalog\.(?:setval|lo_\w+|lowrite)\(|BEGIN;|COMMIT;|(?:CREATE|ALTER) SEQUENCE )/;
}
# the search path that a session of a materialized view's owner begins with, as PostgreSQL chooses between settings
sub path_of {
    my $view = shift;
    return "coalesce((SELECT substr(one, 13) FROM pg_catalog.pg_class c, pg_catalog.pg_db_role_setting s LEFT JOIN pg_catalog.pg_database d ON d.oid = setdatabase, "
        . "unnest(setconfig) AS one WHERE c.oid = $view\::pg_catalog.regclass AND one LIKE 'search_path=%' AND (setdatabase = 0 OR datname = current_database()) "
        . "AND setrole IN (0, c.relowner) ORDER BY setrole = 0, setdatabase = 0 LIMIT 1), '\"\$user\", public')";
}
sub owner_of_public {
    my $name = shift;
    later_role($name);
    push @last, 'ALTER SCHEMA public OWNER TO ' . quoted($name) . ";\n";
}
print "\\set ON_ERROR_STOP on\n";
start();
my $before_15 = 0;
while (length(my $line = next_line())) {
    if ($text eq '') {
        # pg_dump did not write the owner of the schema public before 15: only the entry of its privileges names it
        $before_15 = 1 if $line =~ /^-- Dumped by pg_dump version (?:9\.|1[0-4](?!\d))/;
        owner_of_public($1) if $before_15 && $line =~ /^-- Name: SCHEMA public; Type: ACL; Schema: -; Owner: ([^;]+)\n\z/;
        next if $line =~ /^\s*$/ || $line =~ /^--/ || $line =~ /^\\(?:un)?restrict [A-Za-z0-9]+$/;
    }
    my $from = 0;
    pos($line) = 0;
    while (scan($line)) {
        $text .= substr $line, $from, pos($line) - $from;
        my $end = $from = pos $line;
        pass_statement();
        start();
        $line =~ /\G\s+/gc and $from = pos $line;
        pos($line) = $from;
    }
    $text .= substr $line, $from if $from < length $line;
}
refuse('it ends within a statement') if $text =~ /\S/;
need_role(@roles, $owner);
as($administrator);
print @last;
# whatever has no owner in the dump, and the loader's own privileges; before the event triggers, which fire on this
print 'REASSIGN OWNED BY ', quoted($loader), ' TO ', quoted($owner), ";\nDROP OWNED BY ", quoted($loader), ";\n";
# A view may read another one through a function, which pg_dump does not know: those that could not be filled are tried again, in
# PostgreSQL before 17 with the search path that the database or the view's owner has. No other statement is run with that one.
# What then cannot be filled (its foreign server is away) stays without rows, as after any restore, and is reported
print "SET row_security = on;\n\\set ON_ERROR_STOP off\n" if @refresh;
for my $number (0 .. $#refresh) { print "$refresh[$number]\\set failed$number :ERROR\n" }
for my $number ((0 .. $#refresh) x 3) {
    my ($view) = $refresh[$number] =~ /VIEW (.*?);/s;
    print "\\if :failed$number\nSELECT pg_catalog.set_config('search_path', ", path_of(literal($view)), ", false) \\g /dev/null\n",
        "$refresh[$number]\\set failed$number :ERROR\nSET search_path = '';\n\\endif\n";
}
for my $number (0 .. $#refresh) { print "\\if :failed$number\nSELECT E'unfilled\\t' || ", literal($refresh[$number] =~ /VIEW (.*?);/s), ";\n\\endif\n" }
print "\\set ON_ERROR_STOP on\n", @events, "SELECT 'loaded';\n";
PERL
)
