#!/usr/bin/env bash
# usage.sh PROJECT LIMIT_S FOLDER...: what the project's containers use of their limits, and how large folders and Docker's
# images are. Output: lines of fields joined by tabs, the first field says what the line is about:
#   clock SECONDS · container ID SERVICE STARTED CPUS_NANO MEMORY OOM_KILLED · cgroup ID FILE TEXT (line ends as commas)
#   folder PATH BYTES RESULT (whole, part, none, slow) · docker JSON · failed WHAT
# It only reads. What does not answer within LIMIT_S is left out and said so.
set -euo pipefail
project=$1 limit=$2
shift 2
tab=$'\t'

printf 'clock\t%s\n' "$(date +%s)"

containers() {
    local ids
    ids=$(timeout "$limit" docker ps --quiet --no-trunc --filter status=running \
        --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.oneoff=False") || return 1
    [[ -n $ids ]] || return 0
    # shellcheck disable=SC2086  # ids of hexadecimal digits, one word each
    timeout "$limit" docker inspect --format "container$tab{{.Id}}$tab{{index .Config.Labels \
\"com.docker.compose.service\"}}$tab{{.State.StartedAt}}$tab{{.HostConfig.NanoCpus}}$tab{{.HostConfig.Memory}}$tab{{.State.OOMKilled}}" \
        $ids || true # one may have gone meanwhile
}

# The kernel's own counters since a container's start, where version 1 and version 2 of control groups keep them. By the
# id in the folder's name: what lies above it differs from engine to engine, and most of a busy server's are others'.
counters() { # FOUND
    local folder id file text line
    local -A ours=()
    while IFS=$tab read -r line id _; do [[ $line != container ]] || ours[$id]=1; done <<<"$1"
    while IFS= read -r folder; do
        id=${folder##*/}
        id=${id#docker-} id=${id%.scope}
        [[ -n $id && -n ${ours[$id]:-} ]] || continue
        for file in cpu.stat cpuacct.usage memory.current memory.usage_in_bytes memory.stat; do
            text=""
            # to its end, without a process for each; a folder may have gone meanwhile
            [[ -r $folder/$file ]] && { IFS= read -r -d '' text <"$folder/$file" || true; } 2>/dev/null
            [[ -z $text ]] || printf 'cgroup\t%s\t%s\t%s\n' "$id" "$file" "${text//$'\n'/,}"
        done
    done < <(timeout "$limit" find /sys/fs/cgroup -type d -regextype posix-extended \
        -regex '.*/(docker-)?[0-9a-f]{64}(\.scope)?' 2>/dev/null || true)
}

folder() { # PATH
    local size code=0
    if [[ ! -d $1 ]]; then
        printf 'folder\t%s\t0\tnone\n' "$1"
        return
    fi
    size=$(timeout "$limit" du -sx --block-size=1 -- "$1" 2>/dev/null) || code=$?
    size=${size%%"$tab"*}
    if ((code == 124)); then
        printf 'folder\t%s\t0\tslow\n' "$1"
    elif ((code == 0)) && [[ -n $size ]]; then
        printf 'folder\t%s\t%s\twhole\n' "$1" "$size"
    else # a part of it is not open to this user
        printf 'folder\t%s\t%s\tpart\n' "$1" "${size:-0}"
    fi
}

if found=$(containers); then
    if [[ -n $found ]]; then
        printf '%s\n' "$found"
        counters "$found"
    fi
else
    printf 'failed\tcontainers\n'
fi
for path in "$@"; do folder "$path"; done
if sizes=$(timeout "$limit" docker system df --format '{{json .}}' 2>/dev/null); then
    while IFS= read -r line; do [[ -z $line ]] || printf 'docker\t%s\n' "$line"; done <<<"$sizes"
else
    printf 'failed\tdocker\n'
fi
