# shellcheck shell=bash disable=SC2016,SC2154
# What volumes hold otherwise than the image below them: `bash -s -- PROJECT SERVICE…`, a line for each mount point where there
# is something: "<service><TAB><volume><TAB><mount point><TAB><names in base64>". A container of the same image, without a network,
# has the image's files at the mount point and the volume next to them, read-only; nothing of the application runs in it.
# Of an image without a shell the engine itself copies them, file by file; where they are too many, there are no names.

# Follows limited.sh.

set -uo pipefail
export LC_ALL=C
readonly LIMIT_S=60
EMPTY=$(printf '' | sha256sum)
readonly EMPTY

# of an image's own files, as many as a person would read; a cmp is in every Debian, Alpine and BusyBox
readonly NO_TOOLS=9 MOST_COPIED=100
readonly COMPARE='cd "$1" 2>/dev/null || exit 0
    command -v find >/dev/null && command -v cmp >/dev/null || exit 9
    find . -type f -size +0 | head -n 2000 | while IFS= read -r one; do
        case ${one##*/} in .git*) continue ;; esac
        cmp -s -- "$one" "/runbook-volume/$one" || printf "%s\\n" "${one#./}"
    done | head -n 200'

# by_copies NAME PROJECT IMAGE CONTAINER TARGET: the names in lines, by a container NAME that is never started
by_copies() {
    local files=() one ours theirs literal=()
    [[ $(tar --version 2>/dev/null) != *GNU* ]] || literal=(--quoting-style=literal)
    timeout 30 docker create --name "$1" --label runbook.job=overlaid-files --label "runbook.project=$2" --pull never --network none \
        "$3" nothing >/dev/null 2>&1 || return
    mapfile -t -n "$((MOST_COPIED + 1))" files < <(timeout 60 docker cp "$1:$5" - 2>/dev/null |
        tar -t ${literal[@]+"${literal[@]}"} 2>/dev/null | grep -v '/$')
    if ((${#files[@]} > MOST_COPIED)); then echo - && files=(); fi
    for one in ${files[@]+"${files[@]}"}; do
        # the folder itself comes first
        one=${one#*/}
        case ${one##*/} in .git*) continue ;; esac
        ours=$(content "$1:$5/$one") theirs=$(content "$4:$5/$one")
        # an empty one belongs to no release, nor does what leads elsewhere
        [[ $ours == "$theirs" || $ours == "$EMPTY" ]] || printf '%s\n' "$one"
    done
    docker rm --force --volumes "$1" >/dev/null 2>&1
}

content() { timeout 30 docker cp "$1" - 2>/dev/null | tar -xO 2>/dev/null | sha256sum; }

main() {
    local project=$1 service id volume target image name names status errors done=' '; shift
    errors=$(mktemp) || return
    # shellcheck disable=SC2064
    trap "rm -f '$errors'" EXIT
    for service; do
        id=$(docker ps --quiet --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.service=$service" \
            --filter label=com.docker.compose.oneoff=False 2>/dev/null | head -n 1)
        [[ -n $id ]] || continue
        # a part of a volume is another root
        [[ $(docker inspect --format '{{json .HostConfig.Mounts}}' "$id" 2>/dev/null) != *'"Subpath"'* ]] || continue
        while IFS=$'\t' read -r image volume target; do
            # services of one image share their volumes
            [[ -n $volume && $done != *" $image:$volume:$target "* ]] || continue
            done+="$image:$volume:$target "
            # by its labels 40 finds one that was left; a client that is asked to end waits for its container, which does not listen
            name=overlaid-files-$project-$$
            names=$(timeout --kill-after=5 "$((LIMIT_S + 10))" docker run --rm --name "$name" --label runbook.job=overlaid-files --label "runbook.project=$project" \
                --pull never --network none --read-only --user 0:0 --cap-drop ALL --cap-add DAC_READ_SEARCH \
                --security-opt no-new-privileges --memory 256m --pids-limit 64 --entrypoint sh \
                --mount "type=volume,src=$volume,dst=/runbook-volume,readonly,volume-nocopy" "$image" \
                -c "$LIMITED" limited "$LIMIT_S" sh -c "$COMPARE" compare "$target" </dev/null 2>"$errors")
            status=$?
            ((status == 0)) || docker rm --force --volumes "$name" >/dev/null 2>&1
            if ((status == NO_TOOLS)) || has_no_shell "$status" "$errors"; then
                names=$(by_copies "$name" "$project" "$image" "$id" "$target" </dev/null)
            elif ((status)); then
                continue
            fi
            [[ -n $names ]] || continue
            [[ $names != - ]] || names=
            printf '%s\t%s\t%s\t%s\n' "$service" "$volume" "$target" "$(printf %s "$names" | base64 -w0)"
        done < <(docker inspect --format '{{$image := .Image}}{{range .Mounts}}{{if eq .Type "volume"}}{{$image}}{{"\t"}}{{.Name}}{{"\t"}}{{.Destination}}{{"\n"}}{{end}}{{end}}' "$id" 2>/dev/null)
    done
}

main "$@"; exit
