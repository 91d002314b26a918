# shellcheck shell=bash disable=SC2154,SC2034
# Where a drill of alerts puts its rules and its route, and how all of it is removed. Part of alert_drill.sh. Everything has a
# fixed name: whoever comes later finds what a drill left, whichever run it was.

readonly LABEL=runbook.alert-drill FILLER=.alert-drill # the label's value is the project
readonly NEVER=1000000 # percent: until its turn, the rule of the processors must not fire for what the others use of them
prometheus='' alertmanager='' rule_file='' config='' # not found yet: what needs them is left out

# container SERVICE: of the project, running, newest first.
container() {
    docker ps --quiet --no-trunc --filter "label=com.docker.compose.project=${given[project]}" \
        --filter label=com.docker.compose.oneoff=False --filter "label=com.docker.compose.service=$1" | sed -n 1p
}

# published CONTAINER: the port of the server that leads to it.
published() { docker port "$1" | sed -nE '1s/.*:([0-9]+)$/\1/p'; }

# host_path CONTAINER PATH: the same path on the server, by the longest mount that holds it.
host_path() {
    docker inspect --format '{{range .Mounts}}{{if eq .Type "bind"}}{{.Source}}{{"\t"}}{{.Destination}}{{"\n"}}{{end}}{{end}}' "$1" \
        | awk -F'\t' -v path="$2" '$2 != "" && index(path "/", $2 "/") == 1 && length($2) > best { best = length($2); found = $1 substr(path, best + 1) }
            END { print found }'
}

# find_places: the containers, the folder of rules on the server, and the file that Alertmanager reads in its container.
find_places() {
    local folder
    if ! prometheus=$(container prometheus) || ! alertmanager=$(container alertmanager); then
        echo 'Docker does not answer on the server.' >"$scratch/undo"
        return 1
    fi
    [[ -n $prometheus && -n $alertmanager ]] || { echo 'Prometheus or Alertmanager does not run.' >"$scratch/undo"; return 1; }
    given[prometheus]=$(published "$prometheus") given[alertmanager]=$(published "$alertmanager")
    [[ -n ${given[prometheus]} && -n ${given[alertmanager]} ]] || { echo 'Prometheus or Alertmanager has no port on the server.' >"$scratch/undo"; return 1; }
    folder=$(host_path "$prometheus" "${given[rules_folder]}")
    [[ -n $folder && -w $folder ]] || { echo "The folder of rules (${folder:-not on the server}) cannot be written to." >"$scratch/undo"; return 1; }
    rule_file=$folder/alert-drill.yml
    config=$(docker exec "$alertmanager" cat /proc/1/cmdline | tr '\0' '\n' | sed -n 's/^--config.file=//p')
    [[ -n $config ]] || { echo 'Alertmanager names no file of configuration.' >"$scratch/undo"; return 1; }
}

# reload_rules: Prometheus reads its files again. Asked by a signal: its own address for that is off by default.
reload_rules() { docker kill --signal HUP "$prometheus" >/dev/null; }
loaded_rules() { curl --silent --max-time 5 "http://127.0.0.1:${given[prometheus]}/api/v1/rules?type=alert" | grep -c '"name":"alert-drill"'; }
until_rules() {  # until_rules COUNT: it reads them a moment after the signal
    local ends=$((SECONDS + 60))
    until [[ $(loaded_rules) == "$1" ]]; do ((SECONDS < ends)) || { echo "Prometheus has not loaded the rules again."; return 1; }; sleep 0.3; done
}
reload_route() {
    local reply
    reply=$(curl --silent --max-time 20 --request POST --write-out '%{http_code}' "http://127.0.0.1:${given[alertmanager]}/-/reload")
    [[ $reply == 200 ]] || { echo "Alertmanager does not take its configuration: $(first_lines 400 <<<"$reply")"; return 1; }
}

# end_alerts: what a drill left in Alertmanager, while its branch of the routes is there. Without the branch it would be sent
# once more, in one message with a real alert of that name, and perhaps not recognized.
end_alerts() {
    local of="http://127.0.0.1:${given[alertmanager]}/api/v2/alerts" alerts
    alerts=$(curl --silent --max-time 5 "$of?filter=drill%3D~%22.%2B%22")
    [[ $alerts == *fingerprint* ]] || return 0
    sed -E "s/\"endsAt\":\"[^\"]*\"/\"endsAt\":\"$(date -u +%FT%TZ)\"/g" <<<"$alerts" \
        | curl --silent --fail --max-time 5 --header 'Content-Type: application/json' --data-binary @- "$of" || return
    # the group is sent within a second; its channels have a moment
    sleep 3
}

# restore_route: written in place, so that the file keeps its owner and mode. The copy goes when the file has been read again:
# until then the next attempt finds it. A container that was started anew may have its own file again, and then no copy.
restore_route() {
    local found
    # shellcheck disable=SC2016
    found=$(docker exec "$alertmanager" sh -c 'rm -f "$1.before-drill.new"; [ ! -f "$1.before-drill" ] || { cat "$1.before-drill" >"$1" && echo restored; }' sh "$config") || return
    [[ $found == restored ]] || return 0
    # shellcheck disable=SC2016
    reload_route && docker exec "$alertmanager" sh -c 'rm "$1.before-drill"' sh "$config"
}

# undo: all of it, whatever there is; safe to do again. Each part is tried, whatever happens to the others.
undo() {
    local one listed bad=0
    # either may have been created anew since
    one=$(container prometheus) && prometheus=${one:-$prometheus}
    one=$(container alertmanager) && alertmanager=${one:-$alertmanager}
    if [[ -n $rule_file ]] && [[ -e $rule_file || $(loaded_rules) != 0 ]]; then
        { rm -f -- "$rule_file" && reload_rules && until_rules 0; } || bad=1
    fi
    # an engine that does not answer has not said that there are none
    listed=$(docker ps --all --quiet --filter "label=$LABEL=${given[project]}") || bad=1
    for one in $listed; do
        docker rm --force --volumes "$one" >/dev/null || bad=1
    done
    [[ -z ${given[disk_directory]-} ]] || rm -f -- "${given[disk_directory]}/$FILLER" || bad=1
    [[ -z $config ]] || end_alerts || bad=1
    [[ -z $config ]] || restore_route || bad=1
    return "$bad"
}

# keep: a process of its own, which undoes everything when this one is gone and has not done so, or at the very latest after
# the limit. It keeps no descriptor of the job: those are locks.
keep() {
    local text
    text=$(declare -p given prometheus alertmanager rule_file config; declare -f undo container restore_route end_alerts reload_rules loaded_rules until_rules reload_route first_lines
        printf 'LABEL=%q FILLER=%q\n' "$LABEL" "$FILLER"
        printf 'scratch=%q drill=%q\n' "$scratch" "$$"
        # its time of start tells it from a later process of the same number
        printf 'begun=%q\n' "$(cut -d' ' -f22 "/proc/$$/stat")")
    # shellcheck disable=SC2016
    setsid bash -c "$text"'
        ends=$((SECONDS + given[limit_s] + 60))
        while [[ $(cut -d" " -f22 "/proc/$drill/stat" 2>/dev/null) == "$begun" ]] && ((SECONDS < ends)); do sleep 1; done
        [[ -d $scratch ]] || exit 0
        : >"$scratch/stop"; printf "%(%FT%TZ)T the drill was killed: undone by its watchdog\n" -1
        undo; sleep 5; ends=$((SECONDS + 300))
        # an engine that starts again takes a while
        until undo || ((SECONDS >= ends)); do sleep 5; done
        rm -rf -- "$scratch"' alert-drill-watchdog </dev/null >alert-drill-watchdog.log 2>&1 5>&- 6>&- 7>&- 8>&- 9>&- &
    disown
    kept=1
}

# write_rules ABOVE: the rules of the drill, with the threshold of the processors.
write_rules() {
    local rules=${given[rules]//@RUN@/$run_id}
    printf '%s' "${rules//@ABOVE@/$1}" >"$rule_file.new" && chmod 644 "$rule_file.new" && mv -f -- "$rule_file.new" "$rule_file"
}

# load: rules first, so that no route waits for what never comes. The route of the drill is a copy of the real one with short
# waits; nothing else of the configuration changes, and Alertmanager checks it before it is used.
load() {
    write_rules "$NEVER" && reload_rules && until_rules 1 || return
    # shellcheck disable=SC2016
    docker exec --env ROUTE="${given[route]//@RUN@/$run_id}" --env INHIBITIONS="${given[inhibitions]}" "$alertmanager" sh -euc '
        umask 077
        # a copy that a full disk cut short would be what the drill restores; and it may hold passwords
        cat "$1" >"$1.before-drill.new"
        mv "$1.before-drill.new" "$1.before-drill"
        awk "/^[A-Za-z_]+:/ { skip = 0 }
             /^route:/ { print \"route: \" ENVIRON[\"ROUTE\"]; skip = 1 }
             /^inhibit_rules:/ { print \"inhibit_rules: \" ENVIRON[\"INHIBITIONS\"]; skip = 1 }
             !skip" "$1.before-drill" >"$1"
        # keys in quotes or braces are YAML as well, and were not found: a drill would wait, or inhibit, like a real alert
        grep -q "^route: {" "$1" && { [ "$INHIBITIONS" = "[]" ] || grep -q "^inhibit_rules: \[{" "$1"; } || {
            echo "The configuration of Alertmanager has no line that begins with route: or inhibit_rules:"; exit 1; }
        amtool check-config "$1"' sh "$config" || return
    reload_route
}
