# shellcheck shell=bash
# What the backup folders hold of files and logs: `bash -s -- FILES_DIRECTORY LOGS_DIRECTORY LIST_VOLUMES…`. Reads only.
# LIST_VOLUMES is the command that prints Compose's volumes. One record a line, fields by tabs.

set -uo pipefail
export LC_ALL=C

archives() {
    local file intact
    for file in "$1"/*.tar.gz; do
        [[ -e $file ]] || continue
        intact=no; (cd -- "$1" && sha256sum --quiet -c -- "${file##*/}.sha256" >/dev/null 2>&1) && intact=yes
        printf 'archive\t%s\t%s\t%s\t%s\n' "${file##*/}" "$(stat -c %s -- "$file")" "$intact" \
            "$(cat -- "$file.files" 2>/dev/null | wc -l)"
    done
}

main() {
    local files=$1 logs=$2; shift 2
    archives "$files"
    find -H "$logs" -mindepth 2 -maxdepth 2 -name '*.gz' -printf 'log\t%P\t%s\n' 2>/dev/null | sort
    # no volume at all would be one that nothing has to hold
    "$@" </dev/null | sed 's/^/volume\t/' || { echo "Compose cannot list its volumes." >&2; exit 1; }
    printf 'end\n'
}

main "$@"; exit
