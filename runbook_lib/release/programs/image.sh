# shellcheck shell=bash
# An image of a release, built or pulled in the foreground; what it started on the engine ends with it. Follows whole_tree.sh
# and env_files.sh:
#   bash -s -- build MARK CHECKOUT TREE docker build …    from a folder of a commit; the words name `--add-host MARK:…`
#   bash -s -- compose MARK CHECKOUT COMMIT PROJECT OVERRIDE COUNT FILE… COUNT ENV_FILE… SERVICE…
#                             as the commit's COUNT Compose files say, and the text OVERRIDE after them, which names image and MARK
#   bash -s -- pull MARK IMAGE
#   bash -s -- stop MARK                                  end what a stopped run left of it; passes where nothing is left
# The engine builds, not the client: a client that is gone stops a build, but not at once, and a client that lives on when
# its job was killed goes on building. MARK is an address of no use, by which the containers of a build are known, and by
# which its clients are: it stands in their environment, because another project's pull of one image has the same words.

set -uo pipefail
readonly SETTLE_S=30 ANSWER_S=20
found=""

# an engine that hangs is one that does not answer
engine() { timeout --foreground "$ANSWER_S" docker "$@"; }

# clients: processes that this program started for MARK, and theirs; those of other users cannot be read, and are not ours
clients() {
    local found status
    found=$(grep -slzxF "RUNBOOK_IMAGE=$mark" /proc/[0-9]*/environ)
    status=$?
    # 2: one of them is another user's, or has just ended
    ((status <= 2)) || { echo "the docker clients of this user cannot be listed" >&2; return 1; }
    sed -n 's#^/proc/\([0-9]*\)/environ$#\1#p' <<<"$found"
}

# containers: the build's on the engine, none where it has none; fails where the engine does not answer
containers() {
    local ids found tries=0
    while :; do
        ids=$(engine ps --all --quiet --no-trunc) || { echo "the engine does not list its containers" >&2; return 1; }
        [[ -n $ids ]] || return 0
        # shellcheck disable=SC2086
        found=$(engine inspect --format '{{.Id}} {{json .HostConfig.ExtraHosts}}' $ids 2>/dev/null) && break
        # one that was removed in this moment makes the whole command fail
        ((++tries < 20)) || { echo "the containers on the engine cannot be inspected" >&2; return 1; }
        sleep 0.2
    done
    awk -v mark="\"$mark:" 'index($0, mark) { print $1 }' <<<"$found"
}

# end_clients SECONDS: a client that is asked to end tells the engine so; one that has not ended by then is killed
end_clients() {
    local pids began=$SECONDS
    while pids=$(clients) || return 1; [[ -n $pids ]]; do
        # shellcheck disable=SC2086
        if ((SECONDS - began < $1)); then kill -TERM $pids 2>/dev/null; else kill -KILL $pids 2>/dev/null; fi
        # one that waits for a disk ends when that answers, not now
        ((SECONDS - began < $1 + SETTLE_S / 3)) || { echo "a docker client does not end: process ${pids//$'\n'/ }" >&2; return 1; }
        sleep 0.2
    done
}

# end_build SECONDS: waits so long for the engine to end the build's step, then ends it; `found` is what it saw of it
end_build() {
    local left deadline
    # only for the message; the end does not depend on it
    found=$(containers 2>/dev/null) || found=''
    end_clients "$(($1 < SETTLE_S / 3 ? $1 : SETTLE_S / 3))" || return 1
    deadline=$((SECONDS + $1))
    while left=$(containers) || return 1; [[ -n $left ]] && ((SECONDS < deadline)); do sleep 0.2; done
    # shellcheck disable=SC2086
    [[ -z $left ]] || engine rm --force $left >/dev/null 2>&1
    left=$(containers) || return 1
    [[ -z $left ]] || { echo "a build is still running on the engine, in ${left//$'\n'/ }" >&2; return 1; }
}

no_image() {
    echo "the build was stopped on the engine${found:+, in ${found:0:12}}: no image of it was made" >&2
}

# stopped: what a signal does to a build. An engine that is quick has removed the container before it is asked for it, so
# the client's status says whether there is an image; less than a job's supervisor waits before it kills
# shellcheck disable=SC2329
stopped() {
    end_build 1 && { wait "${child-}" 2>/dev/null || no_image; }
    exit 143
}

# has_ignores CHECKOUT TREE: whether the folder says what its image does without
has_ignores() {
    local name place=$2/
    [[ $2 == *: ]] && place=$2
    for name in .dockerignore Dockerfile.dockerignore; do
        git -C "$1" cat-file -e "$place$name" 2>/dev/null && return
    done
    return 1
}

build() {
    local checkout=$1 tree=$2 child status
    shift 2
    trap stopped TERM INT HUP
    if has_ignores "$checkout" "$tree"; then
        # docker leaves out what .dockerignore names of a folder, and never of what it reads: the last word is -
        scratch=$(mktemp -d) || exit 1
        trap 'rm -rf -- "$scratch"' EXIT
        # -m: as for Compose below
        mkdir "$scratch/tree" && whole_tree "$checkout" "$tree" | tar -xm -C "$scratch/tree" || exit 1
        env "RUNBOOK_IMAGE=$mark" "${@:1:$#-1}" "$scratch/tree" </dev/null &
    else
        (whole_tree "$checkout" "$tree" | env "RUNBOOK_IMAGE=$mark" "$@") &
    fi
    child=$!
    # a trap runs only between commands, and during `wait`
    wait "$child"
    status=$?
    exit "$status"
}

# From an export of the commit, as Compose would: context, Dockerfile, target, arguments. The variables are the server's,
# or the commit's where it brings others.
compose_build() {
    local checkout=$1 commit=$2 project=$3 override=$4 count=$5 top prefix folder path child status options=() variables=()
    shift 5
    scratch=$(mktemp -d) || exit 1
    trap 'rm -rf -- "$scratch"' EXIT
    trap stopped TERM INT HUP
    # the project may be a folder of the repository, and its contexts lie outside of that
    top=$(git -C "$checkout" rev-parse --show-toplevel) && prefix=$(git -C "$checkout" rev-parse --show-prefix) || exit 1
    # -m: with the commit's time on each file BuildKit, which compares size and time, takes a file of another commit of that
    # second for one that it has, and the image holds the earlier release's
    mkdir "$scratch/tree" && whole_tree "$top" "$commit" | tar -xm -C "$scratch/tree" || exit 1
    folder=$scratch/tree/$prefix
    printf '%s\n' "$override" >"$scratch/override.yml"
    own_compose "$checkout" "$folder" "${@:1:count}" || exit 1
    for path in "${@:1:count}"; do options+=(--file "$folder/$path"); done
    shift "$count"
    mapfile -t variables < <(own_env "$checkout" "$folder" "$commit" "${@:2:$1}")
    options+=("${variables[@]/#/--env-file=}")
    shift $((1 + $1))
    env "RUNBOOK_IMAGE=$mark" docker compose --project-name "$project" --project-directory "$folder" "${options[@]}" \
        --file "$scratch/override.yml" build "$@" </dev/null &
    child=$!
    wait "$child"
    status=$?
    exit "$status"
}

pull() {
    local child
    trap 'end_clients 1; echo "the pull of $1 was stopped" >&2; exit 143' TERM INT HUP
    env "RUNBOOK_IMAGE=$mark" docker pull --quiet "$1" &
    child=$!
    wait "$child"
    exit $?
}

stop() {
    end_build "$SETTLE_S" || exit 1
    [[ -z $found ]] || no_image
}

verb=$1 mark=$2
shift 2
case $verb in
    build) build "$@" ;;
    compose) compose_build "$@" ;;
    pull) pull "$@" ;;
    stop) stop ;;
esac
exit
