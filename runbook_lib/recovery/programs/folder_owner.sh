# shellcheck shell=bash disable=SC2329
# Whose folder it is: a folder of backups belongs to one Compose project, the first that wrote into it. Two environments that
# share one (a copied environment file, a network disk) would take each other's dumps for their own, and delete them.

# A hidden file, because the folder's listings and the rules of what expires are about backups alone.
readonly OWNER_FILE=.runbook-project

# owner_of FOLDER: the project that the folder belongs to; empty where none has written there yet. Fails where the file that
# says so cannot be read: it may be anyone's.
owner_of() {
    [[ -s $1/$OWNER_FILE ]] || return 0
    sed -n '1{s/[^A-Za-z0-9_.-]//g;p;q}' -- "$1/$OWNER_FILE" 2>/dev/null && return
    echo "$1/$OWNER_FILE, which says whose backups these are, cannot be read by $(id -un): a backup as another user may have made it." >&2
    return 1
}

# print_owners FOLDERS: `owner<TAB>folder<TAB>project` for each line of FOLDERS; fails where one is not known.
print_owners() {
    local folder owner
    while IFS= read -r folder; do
        owner=$(owner_of "$folder") || return
        printf 'owner\t%s\t%s\n' "$folder" "$owner"
    done <<<"$1"
}

# require_own FOLDER PROJECT: fails, with what to do, where the folder is another project's. Nothing is written.
require_own() {
    local owner
    owner=$(owner_of "$1") || return
    [[ -z $owner || $owner == "$2" ]] && return
    echo "$1 holds the backups of another environment ($owner, not $2). Nothing was written or deleted: give each a folder of its own in its environment file." >&2
    return 1
}

# take_folder FOLDER PROJECT: makes it this project's where it is none's yet. Two that begin at the same moment: one wins.
take_folder() {
    local owner
    [[ -e $1/$OWNER_FILE ]] || (set -o noclobber; printf '%s\n' "$2" >"$1/$OWNER_FILE") 2>/dev/null
    owner=$(owner_of "$1") || return
    # an empty file is what a full disk left of one
    [[ -d $1 ]] || { echo "There is no folder $1. As root on the server: install -d -o $(id -un) -m 0700 $1" >&2; return 1; }
    [[ -n $owner ]] || printf '%s\n' "$2" >"$1/$OWNER_FILE" || { echo "Cannot write to $1: is the disk full?" >&2; return 1; }
    require_own "$1" "$2"
}
