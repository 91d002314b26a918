# shellcheck shell=bash disable=SC2034,SC2154
# What a configuration backup would take, compared with what the repository has: `bash -s -- DIRECTORY REPOSITORY CLONE FOLDERS
# PROJECT_PATH… -- SERVER_PATH…`. Follows configuration_files.sh and folder_owner.sh. FOLDERS: those that are written to, a line each.
# Works in a private folder that is removed at the end; the repository is only read. CLONE is `clone` or `no`.
# One record a line, fields by tabs.

records() { while IFS= read -r line; do printf '%s\t%s\n' "$1" "$line"; done; }

clone_of() {
    local clone=$place/clone
    in_repository "$repository" rev-parse -q --verify refs/heads/main >/dev/null || { printf 'clone\tno backup yet\n'; return; }
    HOME=/nonexistent git clone -q --no-local --branch main -- "$repository" "$clone" 2>"$place/err" \
        || { printf 'clone\tcannot be cloned: %s\n' "$(tail -n 1 "$place/err")"; return; }
    HOME=/nonexistent git -C "$clone" fsck --full --strict >"$place/err" 2>&1 \
        || { printf 'clone\tdamaged: %s\n' "$(tail -n 1 "$place/err")"; return; }
    rm -rf -- "$clone/.git"
    diff -r --no-dereference --brief -- "$copy" "$clone" | records differs
    # 1: they differ; more: they could not be compared
    ((PIPESTATUS[0] <= 1)) || { printf 'clone\tcannot be compared\n'; return; }
    printf 'clone\tgood\nfiles\t%s\n' "$(find "$clone" \( -type f -o -type l \) | wc -l)"
}

main() {
    directory=$1 repository=$2; local clone=$3 folders=$4; shift 4
    place=$(mktemp -d) || fail 'Cannot create a folder for comparing: is the disk full?'
    trap 'rm -rf -- "$place"' EXIT
    copy=$place/copy; mkdir -- "$copy" || fail 'Cannot create a folder for comparing: is the disk full?'
    printf 'clock\t%s\n' "$(date +%s)"
    print_owners "$folders" || exit 1
    collect "$@"
    printf 'collected\t%s\n' "$(find "$copy" \( -type f -o -type l \) | wc -l)"
    search_secrets || { printf 'unsearched\t%s\n' "$(unreadable_secrets)"; printf 'end\n'; exit 0; }
    [[ -w ${repository%/*} ]] && printf 'writable\tyes\n'
    local tip; tip=$(tip_of "$repository" refs/heads/main) || fail "The repository $repository cannot be read: check the disk."
    if [[ -d $repository ]]; then
        [[ -z $tip ]] || in_repository "$repository" log -20 --format='commit%x09%H%x09%ct%x09%s' "$tip" \
            || fail "The commits of $repository cannot be read: check the disk."
        printf 'size\t%s\n' "$(du -sb -- "$repository" | cut -f1)"
    fi
    git init -q --bare "$place/compare" || fail 'git cannot create a repository for comparing.'
    [[ ! -d $repository/objects ]] || printf '%s\n' "$repository/objects" >"$place/compare/objects/info/alternates"
    local now before; now=$(tree_of "$place/compare") || fail 'The files could not be compared.'
    before=$(tip_of "$repository" 'refs/heads/main^{tree}') && [[ -n $before ]] \
        || before=$(in_repository "$place/compare" hash-object -t tree /dev/null) || fail 'The files could not be compared.'
    in_repository "$place/compare" -c core.quotePath=false diff-tree -r --no-renames --name-status "$before" "$now" | records change
    [[ $clone != clone ]] || clone_of
    printf 'end\n'
}

main "$@"; exit
