# shellcheck shell=bash
# What lies in the backup folder: `bash -s -- DIRECTORY DATABASE CHECKSUMS`. Reads only.
# Prints one record a line, fields by tabs; names and manifests in base64, because a file may be called anything.

set -uo pipefail
export LC_ALL=C

encoded() { printf '%s' "$1" | base64 -w0; }

main() {
    local directory=$1 database=$2 checksums=$3 name type size mtime
    printf 'clock\t%s\n' "$(date +%s.%N)"
    [[ -d $directory ]] || { printf 'folder\tabsent\n'; return; }
    printf 'folder\t%s\n' "$([[ -w $directory ]] && echo writable || echo read-only)"
    printf 'disk\t%s\n' "$(df -B1 --output=size,avail -- "$directory" | tail -n 1 | tr -s ' ' | sed 's/^ //')"
    while IFS= read -r -d '' type && IFS= read -r -d '' size && IFS= read -r -d '' mtime && IFS= read -r -d '' name; do
        printf 'file\t%s\t%s\t%s\t%s\n' "$type" "$size" "$mtime" "$(encoded "$name")"
        case $name in
            *.partial) flock -n -s -- "$directory/$name" true 2>/dev/null || printf 'held\t%s\n' "$(encoded "$name")" ;;
            *.manifest.json)
                printf 'manifest\t%s\t%s\n' "$(encoded "$name")" "$(head -c 2000000 -- "$directory/$name" | base64 -w0)" ;;
        esac
    done < <(find "$directory" -mindepth 1 -maxdepth 1 -printf '%y\0%s\0%T@\0%f\0')
    # newest first: the time is part of the name
    while IFS= read -r name; do
        ((checksums-- > 0)) || break
        printf 'sha256\t%s\t%s\n' "$(encoded "$name")" "$(sha256sum <"$directory/$name" | cut -d' ' -f1)"
    done < <(find "$directory" -maxdepth 1 -type f -name "${database}_*.sql.gz" -printf '%f\n' | sort -r)
}

main "$@"; exit
