# shellcheck shell=bash
# Follows whole_lines.sh. A commit of the origin, read without changing the checkout: objects it lacks are fetched into a folder of their own, and
# the checkout's own objects are only borrowed. No ref, no FETCH_HEAD, no working file of the checkout is written.

encoded() { base64 -w0; }

# find_commit CHECKOUT REF SCRATCH: sets $commit and $kind, or prints why not and ends with status 0. A whole commit hash
# that the checkout already has needs no origin; every other name is resolved by the origin, where it may have moved.
find_commit() {
    local checkout=$1 ref=$2 scratch=$3 listing status heads='' tips
    export GIT_TERMINAL_PROMPT=0 GIT_SSH_COMMAND="ssh -o BatchMode=yes" GIT_OPTIONAL_LOCKS=0
    git -C "$checkout" rev-parse --git-dir >/dev/null 2>"$scratch/error" || give_up no-checkout "$scratch/error"
    if [[ $ref =~ ^([0-9a-f]{40}|[0-9a-f]{64})$ ]] && git -C "$checkout" cat-file -e "$ref^{tree}" 2>/dev/null; then
        commit=$ref kind=commit
        return
    fi
    # a pattern also matches the end of a longer name, which choose_commit leaves out
    listing=$(timeout 60 git -C "$checkout" ls-remote --exit-code origin \
        "refs/tags/${ref#refs/tags/}" "refs/tags/${ref#refs/tags/}^{}" "refs/heads/${ref#refs/heads/}" 2>"$scratch/error")
    status=$?
    # 2: the origin answers and has no such name, which is an answer
    ((status == 0 || status == 2)) || give_up unreachable "$scratch/error"
    mkdir -p "$scratch/objects"
    # asked before GIT_OBJECT_DIRECTORY is set, which would be the answer
    GIT_ALTERNATE_OBJECT_DIRECTORIES=$(cd "$checkout" && realpath "$(git rev-parse --git-path objects)")
    export GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_OBJECT_DIRECTORY="$scratch/objects"
    choose_commit "$listing" "$ref"
    if [[ -z $commit && $ref =~ ^[0-9a-f]{7,64}$ ]]; then
        kind=commit
        # an abbreviated hash cannot be asked for: every tip is fetched, then the hash is looked up among them
        heads=$(timeout 60 git -C "$checkout" ls-remote --heads --tags --refs origin 2>"$scratch/error") || give_up unreachable "$scratch/error"
        mapfile -t tips < <(cut -f2 <<<"$heads")
        fetch "$checkout" "${tips[@]}" 2>"$scratch/error" || give_up unreachable "$scratch/error"
        commit=$(git -C "$checkout" rev-parse --verify --quiet "$ref^{commit}") || commit=
    fi
    if [[ -z $commit ]]; then
        # what it may have been meant to be
        heads=${heads:-$(timeout 60 git -C "$checkout" ls-remote --heads --tags --refs origin 2>/dev/null)}
        printf 'unknown\t%s\n' "$(cut -f2 <<<"$heads" | awk 'NR <= 1000 { sub("^refs/[a-z]*/", ""); print }' | encoded)"
        exit 0
    fi
    git -C "$checkout" cat-file -e "$commit^{tree}" 2>/dev/null || fetch "$checkout" "$fetched" 2>"$scratch/error" \
        || give_up unreachable "$scratch/error"
}

# choose_commit LISTING REF: an annotated tag counts as the commit it points to. A tag and a branch of the same name that
# differ are refused: git would prefer the tag without a warning. refs/tags/NAME and refs/heads/NAME, as CI names what it was
# started by, are one of the two.
choose_commit() {
    local tag branch
    tag=$(awk -v name="refs/tags/${2#refs/tags/}" '$2 == name "^{}" { peeled = $1 } $2 == name { plain = $1 }
        END { print peeled ? peeled : plain }' <<<"$1")
    branch=$(awk -v name="refs/heads/${2#refs/heads/}" '$2 == name { print $1 }' <<<"$1")
    if [[ -n $tag && -n $branch && $tag != "$branch" ]]; then printf 'ambiguous\t%s\t%s\n' "$tag" "$branch"; exit 0; fi
    commit=${tag:-$branch} kind=${tag:+tag}
    kind=${kind:-branch} fetched=refs/heads/${2#refs/heads/}
    [[ -z $tag ]] || fetched=refs/tags/${2#refs/tags/}
}

# fetch CHECKOUT REF…: every option here keeps git from writing to the checkout (refs, FETCH_HEAD, packs, graphs).
fetch() {
    local checkout=$1; shift
    timeout 120 git -C "$checkout" -c gc.auto=0 -c maintenance.auto=false -c fetch.writeCommitGraph=false \
        fetch --quiet --no-write-fetch-head --no-tags --refmap= --no-auto-maintenance --recurse-submodules=no origin "$@"
}

give_up() { printf '%s\t%s\n' "$1" "$(last_lines 2000 <"$2" | encoded)"; exit 0; }
