# shellcheck shell=bash
# A tree of git as a checkout of it would be. Shared by the survey, the validation, the rehearsal and the build of a release.

# whole_tree CHECKOUT TREE: as a tar archive. `git archive` leaves out whatever `.gitattributes` keeps from published
# archives (export-ignore: tests, Compose files, dot files) and rewrites others (export-subst); a checkout and a build of it
# have them all. Only the attributes of the repository itself outrank those of the tree, and the checkout's are not ours to
# change: so a repository of our own, for as long as this takes, with the checkout's objects and settings.
whole_tree() (
    objects=$(cd "$1" && realpath "$(git rev-parse --git-path objects)") || exit
    common=$(cd "$1" && realpath "$(git rev-parse --git-common-dir)") || exit
    # ours has no names of commits
    tree=$(git -C "$1" rev-parse --verify "$2") || exit
    own=$(mktemp -d) || exit
    trap 'rm -rf -- "$own"' EXIT
    trap 'exit 143' TERM INT HUP
    mkdir "$own/refs" "$own/objects" "$own/info" && cp -- "$common/config" "$own/config" && echo 'ref: refs/heads/none' >"$own/HEAD" || exit
    { cat -- "$common/info/attributes" 2>/dev/null; echo '* -export-ignore -export-subst'; } >"$own/info/attributes" || exit
    # large files outside of git are where the checkout keeps them
    GIT_DIR=$own GIT_OBJECT_DIRECTORY=$objects git -c core.bare=true -c "lfs.storage=$common/lfs" archive "$tree"
)
