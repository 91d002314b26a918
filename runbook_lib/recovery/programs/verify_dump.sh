# shellcheck shell=bash disable=SC2148
# Reads one backup again, without trusting anything that was recorded about it: `bash -s -- FILE`. Follows inspect_dump.sh.

set -uo pipefail

main() {
    if read_dump "$1"; then printf 'readable\t1\n'; else printf 'readable\t0\n'; fi
}

main "$@"; exit
