# shellcheck shell=bash disable=SC2148
# Reads one backup again, without trusting anything that was written about it: `bash -s -- FILE`. Follows dump_reading.sh.

set -uo pipefail

main() {
    if read_dump "$1"; then printf 'readable\t1\n'; else printf 'readable\t0\n'; fi
}

main "$@"; exit
