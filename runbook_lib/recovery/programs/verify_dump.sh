# shellcheck shell=bash disable=SC2148
# Reads one backup again, without trusting anything that was recorded about it: `bash -s -- FILE`. Follows required_programs.sh
# and dump_contents.sh.
# Prints `table<TAB>name<TAB>rows` for each table, then contents, statements, end and readable with a value each.

set -uo pipefail

main() {
    local readable=1 lacking digest
    lacking=$(lacking_programs | paste -sd,)
    # without them a good dump cannot be read either
    [[ -z $lacking ]] || { printf 'lacks\t%s\n' "$lacking"; return; }
    contents=$(mktemp) || exit  # not local: the trap runs when this function has returned
    trap 'rm -f -- "$contents"' EXIT
    read_contents "$1" "$contents" || readable=0
    grep $'^table\t' -- "$contents" | cut -f1-3
    grep -E $'^end\t' -- "$contents" || printf 'end\t0\n'
    digest=$(contents_digest "$contents") || exit
    ((readable == 0)) || printf 'contents\t%s\nstatements\t%s\n' "$digest" "$(sed -n 's/^statements\t.*\t//p' -- "$contents")"
    printf 'readable\t%s\n' "$readable"
}

main "$@"; exit
