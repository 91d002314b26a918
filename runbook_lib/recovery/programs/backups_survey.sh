# shellcheck shell=bash
# What is in the backup folder: `bash -s -- DIRECTORY DATABASE CHECKSUMS`. Reads only. Follows required_programs.sh
# and folder_owner.sh.
# Prints one record a line, fields by tabs. A file may have any name: a plain name is printed after an equals sign, any
# other one in base64. No process is started for each file: a folder of many backups must not slow the server down.

set -uo pipefail
export LC_ALL=C

# sets `encoded`
encode() {
    if [[ $1 =~ ^[A-Za-z0-9._-]+$ ]]; then encoded="=$1"; else encoded=$(printf '%s' "$1" | base64 -w0); fi
}

# the manifests, packed by one process
packed() {
    find -H "$1" -mindepth 1 -maxdepth 1 -type f -name '*.manifest.json' -size -20000k -printf '%f\0' \
        | tar -C "$1" --null --files-from=- -cz | base64 -w0
}

main() {
    local directory=$1 database=$2 checksums=$3 name type size mtime encoded
    printf 'clock\t%s\n' "$(date +%s.%N)"
    printf 'lacks\t%s\n' "$(lacking_programs | paste -sd,)"
    [[ -d $directory ]] || { printf 'folder\tabsent\n'; return; }
    # it would look like an empty one
    [[ -r $directory && -x $directory ]] || { echo "$directory cannot be read." >&2; exit 1; }
    printf 'folder\t%s\n' "$([[ -w $directory ]] && echo writable || echo read-only)"
    local owner; owner=$(owner_of "$directory") || exit 1
    printf 'owner\t%s\n' "$owner"
    printf 'disk\t%s\n' "$(df -B1 --output=size,avail -- "$directory" | tail -n 1 | tr -s ' ' | sed 's/^ //')"
    while IFS= read -r -d '' type && IFS= read -r -d '' size && IFS= read -r -d '' mtime && IFS= read -r -d '' name; do
        encode "$name"
        printf 'file\t%s\t%s\t%s\t%s\n' "$type" "$size" "$mtime" "$encoded"
        if [[ $name == *.partial ]]; then
            flock -n -s -- "$directory/$name" true 2>/dev/null || printf 'locked\t%s\n' "$encoded"
        fi
    done < <(find -H "$directory" -mindepth 1 -maxdepth 1 -printf '%y\0%s\0%T@\0%f\0')
    printf 'manifests\t%s\n' "$(packed "$directory")"
    # newest first: the time is part of the name
    while IFS= read -r name; do
        ((checksums-- > 0)) || break
        encode "$name"
        printf 'sha256\t%s\t%s\n' "$encoded" "$(sha256sum <"$directory/$name" | cut -d' ' -f1)"
    done < <(find -H "$directory" -maxdepth 1 -type f -name "${database}_*.sql.gz" -printf '%f\n' | sort -r)
}

main "$@"; exit
