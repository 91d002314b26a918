# shellcheck shell=bash disable=SC2154,SC2034,SC2329
# Validates a release's configuration before it touches anything: `bash -s -- CHECKOUT COMMIT PROJECT NAME=VALUE… -- RUN…`.
# Follows read_git.sh. The commit is laid out in a folder of its own; each run is a container of the image that will read
# the files, without a network, with nothing of the live services but the server's certificates, read-only. It is removed
# in any case, and ends on its own after LIMIT_S should this program die.
# A NAME=VALUE is a file to write into the folder, `path=base64`. A RUN is base64 of NUL-ended words:
#   SERVICE MODE UNCHANGED IMAGE SOURCES FULL READY-WORDS READY… RUN-OPTIONS-WORDS OPTIONS… COMMAND…
# Prints `run SERVICE MODE OUTCOME SECONDS OUTPUT(base64)`, and for a failed one its mounted files.

set -uo pipefail
export LC_ALL=C
readonly LIMIT_S=120 START_S=90
# not as the container's first process: there, timeout of coreutils 9.10 ends with 125 and not a word
readonly LIMITED='timeout "$@"; exit $?'
readonly LABEL=org.gw2.runbook=configuration-validation

main() {
    local checkout=$1 commit_wanted=$2; shift 2
    scratch=$(mktemp -d) || exit 1
    prefix=configuration-validation-$$-$RANDOM
    trap end EXIT
    commit='' kind='' fetched=''
    find_commit "$checkout" "$commit_wanted" "$scratch"
    mkdir "$scratch/tree" && git -C "$checkout" archive "$commit" | tar -x -C "$scratch/tree" || exit 1
    # containers read it as other users than ours
    chmod -R a+rX "$scratch" || exit 1
    while [[ $# -gt 0 && $1 != -- ]]; do
        mkdir -p "$(dirname "$scratch/tree/${1%%=*}")" && base64 -d <<<"${1#*=}" >"$scratch/tree/${1%%=*}" || exit 1
        shift
    done
    shift
    local number=0 spec
    for spec; do
        number=$((number + 1))
        # two at a time: users' requests need the processors too
        ((number <= 2)) || wait -n
        try "$number" "$spec" >"$scratch/result-$number" &
    done
    wait
    for ((number = 1; number <= $#; number++)); do cat "$scratch/result-$number"; done
}

# a stopped run must not leave a container behind: its own limit would end it, but only later
end() {
    local left
    left=$(docker ps --all --quiet --filter "label=$LABEL" --filter "name=$prefix")
    # shellcheck disable=SC2086
    [[ -z $left ]] || docker rm --force --volumes $left >/dev/null 2>&1
    rm -rf -- "$scratch"
}

# try NUMBER RUN
try() {
    local words name="$prefix-$1" log="$scratch/log-$1" began=$SECONDS outcome
    mapfile -d '' words < <(base64 -d <<<"$2" | sed -z "s#@TREE@#$scratch/tree#g")
    service=${words[0]} mode=${words[1]} image=${words[2]} sources=${words[3]}
    local count=${words[4]} ready options
    ready=("${words[@]:5:count}")
    words=("${words[@]:5 + count}")
    count=${words[0]} options=("${words[@]:1:count}") words=("${words[@]:1 + count}")
    : >"$log"
    local place
    for place in "${!options[@]}"; do options[place]=$(existing "${options[place]}"); done
    if [[ $mode == read ]]; then outcome='read'
    elif ! docker image inspect "$image" >/dev/null 2>"$log"; then
        # an engine that does not answer is not an image that is missing
        outcome=no-image; docker version >/dev/null 2>&1 || outcome=error
    else
        "$mode" "$name" "$log"; outcome=$?
        case $outcome in 0) outcome=passed ;; 125) outcome=error ;; *) outcome=failed ;; esac
    fi
    printf 'run\t%s\t%s\t%s\t%s\t%s\n' "$service" "$mode" "$outcome" "$((SECONDS - began))" "$(tail -c 6000 "$log" | encoded)"
    [[ $outcome == passed || $outcome == no-image ]] || show_sources "$sources"
}

# existing OPTION: Docker would make a folder of the server that is missing, and a run must not; a socket of the server is
# none of its business. Both become an empty folder.
existing() {
    local source
    if [[ $1 =~ ^type=bind,source=([^,]*),target=([^,]*), ]]; then
        source=${BASH_REMATCH[1]}
        [[ -e $source && ! -S $source ]] || { printf 'type=tmpfs,target=%s' "${BASH_REMATCH[2]}"; return; }
    fi
    printf %s "$1"
}

# check NAME LOG: a program of the image that reads the files and ends. A name outside the project, which nothing here can
# resolve, is given an address; one without a dot is a service that the release does not have.
check() {
    local more=() host status tries=0
    while :; do
        timeout "$LIMIT_S" docker run --rm --name "$1" --label "$LABEL" "${options[@]}" "${more[@]}" --entrypoint sh \
            "$image" -c "$LIMITED" limited "$LIMIT_S" "${words[@]}" >"$2" 2>&1 </dev/null
        status=$?
        host=$(sed -n 's/.*host not found in [a-z ]*"\([A-Za-z0-9-]*\.[A-Za-z0-9.-]*\).*/\1/p' "$2" | head -n 1)
        ((status != 0 && tries < 20)) && [[ -n $host ]] || return "$status"
        tries=$((tries + 1)) more+=(--add-host "$host:127.0.0.1")
    done
}

# start NAME LOG: the service as it will run, on empty data; passes when its own health check does
start() {
    local entry=() deadline=$((SECONDS + START_S)) status=''
    # without words of its own Compose leaves the image's
    if [[ ${words[0]-} == @IMAGE@ ]]; then
        mapfile -t entry < <(docker image inspect --format '{{range .Config.Entrypoint}}{{println .}}{{end}}' "$image" | sed '/^$/d')
        words=("${words[@]:1}")
        ((${#words[@]})) || mapfile -t words < <(docker image inspect --format '{{range .Config.Cmd}}{{println .}}{{end}}' "$image" | sed '/^$/d')
    fi
    # not detached: it is removed when it ends, also when this program has ended before it
    docker run --rm --name "$1" --label "$LABEL" "${options[@]}" --entrypoint sh "$image" \
        -c "$LIMITED" limited "$LIMIT_S" "${entry[@]}" "${words[@]}" >"$2" 2>&1 </dev/null &
    local started=$!
    until healthy "$1"; do
        if ! kill -0 "$started" 2>/dev/null; then
            wait "$started"; status=$?
            # 125: Docker itself could not start it. A service that ends without an error has not started either
            return $((status == 125 ? 125 : 1))
        fi
        if ((SECONDS >= deadline)); then
            echo "its health check did not pass within $START_S s" >>"$2"
            status=1; break
        fi
        sleep 0.3
    done
    docker rm --force --volumes "$1" >/dev/null 2>&1
    wait "$started"
    return "${status:-0}"
}

healthy() {
    if ((${#ready[@]} == 0)); then sleep 3; [[ $(docker inspect --format '{{.State.Running}}' "$1" 2>/dev/null) == true ]]; return; fi
    timeout 10 docker exec "$1" "${ready[@]}" >/dev/null 2>&1 </dev/null
}

# show_sources FOLDERS, colon-separated: so that a message without a line can be traced to one
show_sources() {
    local source path
    while IFS= read -r -d : source; do
        find "$scratch/tree/$source" -type f -size -100k -print0 2>/dev/null | while IFS= read -r -d '' path; do
            printf 'file\t%s\t%s\t%s\n' "$service" "$(printf %s "${path#"$scratch/tree/"}" | encoded)" "$(encoded <"$path")"
        done
    done <<<"$1:"
}

main "$@"; exit
