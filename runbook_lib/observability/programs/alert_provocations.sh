# shellcheck shell=bash disable=SC2154,SC2069,SC2015
# How each condition is made true, for real and within limits. Part of alert_drill.sh. Each holds until $scratch/end is there;
# each container ends on its own after hold_s, and has a limit of memory, processors and processes.

not_provoked() { printf '%s' "$2" >"$scratch/failed/$1"; }
# without the folder the watchdog has undone everything: there is nothing to go on with
over() { [[ -e $scratch/stop || ! -d $scratch ]]; }
going_on() { [[ ! -e $scratch/end ]] && ! over; }
# begin NAME…: from now on the condition is true, or will be as soon as it is measured
begin() { local one; for one in "$@"; do elapsed >"$scratch/begun/$one"; done; }
hold() { while going_on; do sleep 0.3; done; }

# helper NAME OPTION… -- WORD…: a container of the live image of the service, without privileges. Prints what went wrong.
helper() {
    local name=$1 options=(); shift
    while [[ $1 != -- ]]; do options+=("$1"); shift; done
    shift
    docker run --detach --name "${given[project]}-alert-drill-$name" --label "$LABEL=${given[project]}" \
        --cap-drop ALL --security-opt no-new-privileges --pids-limit 256 --log-driver json-file --log-opt max-size=1m \
        "${options[@]}" "$@" 2>&1 >/dev/null
}

# remove NAME: an engine that is slow just then is asked again by undo, which names what stays; the condition was true all the same
remove() { docker rm --force --volumes "${given[project]}-alert-drill-$1" >/dev/null 2>&1 || true; }

# provoke NAME: in a process of its own.
provoke() {
    local name=$1 live image network message service
    for service in ${given[services]}; do live=$(container "$service"); [[ -z $live ]] || break; done
    [[ -n $live ]] || { not_provoked "$name" "No container of ${given[services]} runs."; return; }
    image=$(docker inspect --format '{{.Image}}' "$live")
    network=$(docker network ls --filter "label=com.docker.compose.project=${given[project]}" \
        --filter "label=com.docker.compose.network=${given[network]}" --format '{{.Name}}' | sed -n 1p)
    message=$("by_${given[by_$name]}" "$name" 2>&1) || not_provoked "$name" "${message:-It could not be provoked.}"
    elapsed >"$scratch/ended/$name"
}

# An instance of the service that is listed and does not answer.
by_silent_instance() {
    helper silent --network "$network" --network-alias "${given[alias]}" --cpus 0.1 --memory 32m --entrypoint sh -- "$image" \
        -c "sleep ${given[hold_s]}" || return
    begin "$1"
    hold
    remove silent
}

# One more instance of the live release, without the network of its data: what needs them is answered with an error. The proxy
# does not know it, so no user reaches it. by_slow_instance takes its processor away while it works on requests.
by_failing_instance() { instance "$1"; }
by_slow_instance() { instance "$1"; }

instance() {
    # both conditions are provoked by one instance and the same requests
    if ! mkdir "$scratch/instance" 2>/dev/null; then hold; [[ ! -e $scratch/instance/failed ]] || { cat "$scratch/instance/failed"; return 1; }; return; fi
    local address path=${given[answers]} starved=0 one of_instance=()
    for one in ${given[conditions]}; do
        case ${given[by_$one]} in
            slow_instance) starved=1 of_instance+=("$one") ;;
            failing_instance) path=${given[errors]} of_instance+=("$one") ;;
        esac
    done
    start_instance 2>&1 | tee "$scratch/instance/failed" || return
    rm -f "$scratch/instance/failed"
    address=$(docker inspect --format "{{(index .NetworkSettings.Networks \"$network\").IPAddress}}" "${given[project]}-alert-drill-instance"):${given[port]}
    { until_answers && until_scraped; } 2>&1 | tee "$scratch/instance/failed" || return
    rm -f "$scratch/instance/failed"
    begin "${of_instance[@]}"
    while going_on; do
        burst "$path" "${given[requests]}" "$starved"
        for one in {1..30}; do going_on && sleep 0.5; done
    done
    ! over || return 0
    # the share of the last minute falls below the threshold: many good replies against each bad one
    burst "${given[answers]}" "$((given[requests] * sent * 25))" 0
    # it stays until the rules of the drill are gone: Prometheus asks an instance for a while after it was removed, and its
    # silence would be one more alert
}

start_instance() {
    local words=() more=() word
    mapfile -t words < <(docker inspect --format '{{range .Config.Cmd}}{{println .}}{{end}}' "$live" | sed '/^$/d')
    for word in ${given[variables]-}; do more+=(--env "$word"); done
    # by a pipe: the variables hold secrets, which belong into no file and on no command line. One of several lines, as a key may
    # be, is left out: Docker would take its lines for names, and print them in its error
    helper instance --network "$network" --network-alias "${given[alias]}" --cpus 1 --memory "${given[memory]}" --env-file \
        <(docker inspect --format '{{range .Config.Env}}{{if eq (len (split . "\n")) 1}}{{println .}}{{end}}{{end}}' "$live" | sed '/^$/d') "${more[@]}" -- "$image" "${words[@]}"
}

until_answers() {
    local ends=$((SECONDS + given[hold_s]))
    until curl --silent --fail --max-time 5 --output /dev/null "http://$address${given[answers]}"; do
        going_on && ((SECONDS < ends)) || { echo "The instance of the drill does not answer."; return 1; }
        sleep 0.3
    done
    # a counter that Prometheus sees for the first time has no rate: one of each kind comes before
    curl --silent --max-time 30 --output /dev/null "http://$address$path"
}

# until_scraped [SINCE]: Prometheus has asked the instance after that time, in seconds since 1970.
until_scraped() {
    local since=${1:-$(date +%s)} at ends=$((SECONDS + 60))
    while ((SECONDS < ends)) && ! over; do
        at=$(from_prometheus "timestamp(up{instance=\"$address\"}) and up == 1" | sed -nE 's/.*"value":\[[0-9.]+,"([0-9]+)[0-9.]*"\].*/\1/p')
        ((${at:-0} <= since)) || return 0
        sleep 0.5
    done
    echo "Prometheus does not find the instance of the drill by the name ${given[alias]}."
    return 1
}

# burst PATH COUNT STARVED: so many requests, at most 30 at a time, for at most hold_s and no longer than the drill.
burst() {
    local name=${given[project]}-alert-drill-instance
    [[ $1 == "${given[answers]}" && $3 == 0 ]] || ((++sent))
    ((!$3)) || docker update --cpus 0.01 "$name" >/dev/null
    curl --silent --connect-timeout 5 --max-time 60 --parallel --parallel-immediate --parallel-max 30 --output /dev/null "http://$address$1?drill=[1-$2]" &
    local requests=$! ends=$((SECONDS + given[hold_s]))
    # longer than the threshold of the rule, whatever the share of each request
    ((!$3)) || { sleep "${given[slow_s]}"; docker update --cpus 1 "$name" >/dev/null; }
    while kill -0 "$requests" 2>/dev/null; do
        { ((SECONDS < ends)) && ! over; } || kill "$requests" 2>/dev/null
        sleep 0.3
    done
    wait "$requests"
}

# value_of REPLY: of one series, or nothing.
value_of() { sed -nE 's/.*"value":\[[0-9.]+,"([0-9.e+-]+)"\].*/\1/p' <<<"$1"; }

# cpu_threshold: of the rule, or half-way from what the server has used at most to all of it. Waits for a calmer moment; where
# none comes, the others make the condition true themselves: the rule's own threshold, and a note of that.
cpu_threshold() {
    local used='' ends=$((SECONDS + given[hold_s] / 2))
    while going_on && ((SECONDS < ends)); do
        used=$(value_of "$(from_prometheus "max(max_over_time((${given[cpu_used]})[2m:5s]))")")
        awk -v used="${used:-100}" -v above="${given[cpu_above]}" 'BEGIN {
            if (used > 97) exit 1
            printf "%.3g", used < above - 3 ? above : used + (100 - used) / 2 }' && return
        sleep 2
    done
    [[ -n $used ]] || { printf 'Prometheus does not say how much of the processors is used.'; return 1; }
    printf 'The processors were in use already (%.0f %%), so %s was true without the drill: it ended by a higher threshold.' "$used" "$name" >"$scratch/note"
    printf '%s' "${given[cpu_above]}"
}

# raise_threshold: puts it into the copy of the rule, and waits until Prometheus has read it.
raise_threshold() {
    local above reply ends
    [[ -n ${given[cpu_used]-} ]] || return 0
    above=$(cpu_threshold) || { echo "$above"; return 1; }
    write_rules "$above" && reload_rules || return
    ends=$((SECONDS + 60)) # a calmer moment may have been waited for until now
    # Prometheus prints the number in its own way
    until reply=$(curl --silent --max-time 5 "http://127.0.0.1:${given[prometheus]}/api/v1/rules?type=alert") \
        && [[ $reply == *'"name":"alert-drill"'* && $reply != *' 1e+06"'* ]]; do
        ((SECONDS < ends)) || { echo "Prometheus has not loaded the rules again."; return 1; }
        sleep 0.3
    done
}

by_cpu() {
    raise_threshold || return
    helper cpu --network none --cpus "$(awk -v all="$(nproc)" 'BEGIN { print all * 0.97 }')" --cpu-shares 2 --memory 64m --entrypoint sh -- "$image" \
        -c "for one in $(seq -s ' ' "$(nproc)"); do timeout ${given[hold_s]} sh -c 'while :; do :; done' & done; wait" || return
    begin "$1"
    hold
    remove cpu
    # the others go on: it would not end
    [[ ! -e $scratch/note ]] || over || { write_rules "$NEVER" && reload_rules; }
}

by_memory() {
    local total available need
    total=$(awk '$1 == "MemTotal:" { print int($2 / 1024) }' /proc/meminfo) available=$(awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo)
    need=$((available - total * (100 - given[memory_above] - 2) / 100))
    ((need <= given[memory_at_most_mb])) || { echo "It would take $need MB of memory; at_most_mb is ${given[memory_at_most_mb]}."; return 1; }
    ((available - need >= given[memory_leave_mb])) || { echo "It would leave $((available - need)) MB of memory; leave_mb is ${given[memory_leave_mb]}."; return 1; }
    helper memory --network none --cpus 1 --memory "$((need + 64))m" --memory-swap "$((need + 64))m" --tmpfs "/fill:size=${need}m,mode=1777" \
        --entrypoint sh -- "$image" -c "{ fallocate -l $((need * 1024 * 1024)) /fill/data || head -c ${need}m /dev/zero >/fill/data; } && echo filled; sleep ${given[hold_s]}" || return
    until_filled || return
    begin "$1"
    hold
    remove memory
}

# until_filled: what is written takes its time, a minute on a busy server, and the condition is not true before.
until_filled() {
    local name=${given[project]}-alert-drill-memory ends=$((SECONDS + given[hold_s]))
    until [[ $(docker logs "$name" 2>/dev/null) == *filled* ]]; do
        [[ $(docker inspect --format '{{.State.Running}}' "$name" 2>/dev/null) != false ]] || { echo "The container that fills the memory has ended."; return 1; }
        going_on && ((SECONDS < ends)) || { echo "The memory was not filled in time."; return 1; }
        sleep 0.5
    done
}

# Allocated, not written: it takes a moment, and wears nothing.
by_disk() {
    local size available need file=${given[disk_directory]}/$FILLER
    read -r size available < <(df --block-size=1M --output=size,avail -- "${given[disk_directory]}" | tail -n 1)
    need=$((available - size * (100 - given[disk_above] - 1) / 100))
    ((need <= given[disk_at_most_gb] * 1024)) || { echo "It would take $need MB of disk; at_most_gb is ${given[disk_at_most_gb]}."; return 1; }
    ((available - need >= given[disk_leave_gb] * 1024)) || { echo "It would leave $((available - need)) MB of disk; leave_gb is ${given[disk_leave_gb]}."; return 1; }
    fallocate --length "${need}MiB" -- "$file" || return
    begin "$1"
    hold
    rm -f -- "$file"
}
