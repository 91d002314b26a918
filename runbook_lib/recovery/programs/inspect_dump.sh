# shellcheck shell=bash
# Reading a dump to its end. Shared by the backup program and by whatever reads a backup again.

# read_dump FILE: "<table><TAB><rows>" a table, then "end<TAB>1" when PostgreSQL's end marker is in place (else 0), sorted.
# Fails when the file cannot be decompressed to its last byte.
read_dump() {
    gunzip -c -- "$1" | LC_ALL=C awk '
        in_copy && $0 == "\\." { in_copy = 0; print table "\t" rows; next }
        in_copy { rows++; next }
        /^COPY .* FROM stdin;$/ {
            table = $0; sub(/^COPY /, "", table); sub(/ \(.*$/, "", table); sub(/ +FROM stdin;$/, "", table)
            rows = 0; in_copy = 1; ended = 0; next
        }
        $0 == "-- PostgreSQL database dump complete" { ended = 1; next }
        # after the marker come empty comment lines and, since 15.14, one \unrestrict line
        ended && $0 != "" && $0 != "--" && $0 !~ /^\\unrestrict [A-Za-z0-9]+$/ { ended = 0 }
        END { print "end\t" ((ended && !in_copy) ? 1 : 0) }
    ' | LC_ALL=C sort
    local status=("${PIPESTATUS[@]}")
    [[ ${status[*]} == "0 0 0" ]]
}
