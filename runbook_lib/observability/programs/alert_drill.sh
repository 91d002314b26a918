# shellcheck shell=bash disable=SC2034,SC1003
# Provokes conditions of alerts for real and follows each to the channels: `bash -s -- KEY=VALUE…`; plans/alert_drill.py has
# the keys. Follows whole_lines.sh, alert_drill_undo.sh and alert_provocations.sh. Rules and route of the drill are loaded next to the live
# ones, and removed at the end; so is all that was provoked. A watchdog in the background does the same should this program be
# killed. One line goes to .runbook/alert-drills.jsonl. Exit 0 when the drill reached its end, 1 when it could not be made.

set -uo pipefail
export LC_ALL=C
umask 077

now_s() { local up; read -r up _ </proc/uptime; printf '%s' "$up"; }
elapsed() { awk -v from="$began" -v to="$(now_s)" 'BEGIN { printf "%.1f", to - from }'; }
encoded() { printf '%s' "$1" | base64 -w0; }

# conclude OUTCOME MESSAGE: undoes everything, writes the record and exits; nothing else does.
conclude() {
    local outcome=$1 message=$2 undone=true one
    trap '' TERM INT HUP
    : >"$scratch/stop"
    undo >"$scratch/undo" 2>&1
    wait
    # what was just being made when the first one looked for it
    undo >"$scratch/undo" 2>&1 || { undone=false; message+=" Not undone: $(last_lines 500 <"$scratch/undo")"; }
    sample
    [[ ! -s $scratch/note ]] || message+=" $(<"$scratch/note")"
    {
        printf '{"format": 1, "at": "%s", "run_id": "%s", "outcome": "%s", "message": "%s", "seconds": %s, "undone": %s, "for_s": %s, "channels": %s, "provoked": {' \
            "$(date -u +%Y-%m-%dT%H:%M:%S+00:00)" "$run_id" "$outcome" "$(encoded "$message")" "$(elapsed)" "$undone" \
            "${given[for_s]}" "${given[channels]}"
        listed "$scratch"/begun/*
        printf '}, "ended": {'; listed "$scratch"/ended/*
        printf '}, "not_provoked": {'
        for one in "$scratch"/failed/*; do [[ ! -e $one ]] || printf '"%s": "%s"\n' "${one##*/}" "$(base64 -w0 <"$one")"; done | paste -sd,
        printf '}, "samples": ['; paste -sd, "$scratch/samples"; printf ']}'
    } | tr -d '\n' >"$scratch/record"
    # a line that was truncated by a crash stays a line of its own
    [[ ! -s alert-drills.jsonl || -z $(tail -c 1 alert-drills.jsonl) ]] || echo >>alert-drills.jsonl
    { cat "$scratch/record"; echo; } | tee -a alert-drills.jsonl || exit 1
    sync alert-drills.jsonl
    printf '%s: %s\n' "$outcome" "$message" >&2
    # what could not be undone is tried again by the watchdog, which ends without this folder
    [[ $undone == false && -n $kept ]] || rm -rf -- "$scratch"
    [[ $outcome == "done" && $undone == true ]] || exit 1
    exit 0
}
listed() { local one; for one in "$@"; do [[ ! -e $one ]] || printf '"%s": %s\n' "${one##*/}" "$(<"$one")"; done | paste -sd,; }

from_prometheus() { curl --silent --max-time 5 --get --data-urlencode "query=$1" "http://127.0.0.1:${given[prometheus]}/api/v1/query"; }
from_alertmanager() { curl --silent --max-time 5 "http://127.0.0.1:${given[alertmanager]}$1"; }

# sample: what the rules say (p), what Alertmanager has and for whom (a), messages that a channel took (d) and did not (f), as
# one line where it differs from the last. Both programs print the keys of an object in one order. Without all three replies
# there is no sample, and status 1: no reply is not "no alert", and counters that are missing would seem to begin again.
sample() {
    local rules alerts counts line
    rules=$(from_prometheus "ALERTS{drill=\"$run_id\"}") && alerts=$(from_alertmanager "/api/v2/alerts?filter=drill%3D%22$run_id%22") \
        && counts=$(from_alertmanager /metrics) || return
    [[ $rules == *'"status":"success"'* && $alerts == '['* && $counts == *alertmanager_* ]] || return
    rules=$(grep -oE '"alertname":"[^"]+","alertstate":"[a-z]+"' <<<"$rules" \
        | sed -E 's/"alertname":"([^"]+)","alertstate":"([a-z]+)"/\1=\2/' | sort -u | paste -sd,)
    alerts=$(grep -oE '"receivers":\[[^]]*\]|"silencedBy":\[[^]]*\],"state":"[a-z]+"|"alertname":"[^"]+"' <<<"$alerts" \
        | sed -E 's/"receivers":\[(.*)\]/\1/; s/\{"name":"([^"]*)"\}/\1/g; s/.*"state":"(.*)"/\1/; s/"alertname":"(.*)"/\1/' | tr ',' '+' \
        | paste - - - | awk -F'\t' '{ print $3 "=" $2 ":" $1 }' | sort -u | paste -sd,)
    counts=$(awk -F'[{}]' '
        function of(labels) { return match(labels, /integration="[a-z]+"/) ? substr(labels, RSTART + 13, RLENGTH - 14) : "" }
        /^alertmanager_notification_requests_total\{/ { total[of($2)] += $3 }
        /^alertmanager_notification_requests_failed_total\{/ { failed[of($2)] += $3 }
        END { for (one in total) if (total[one]) { d = d "," one "=" total[one] - failed[one]; f = f "," one "=" failed[one] + 0 }
              print substr(d, 2) "\t" substr(f, 2) }' <<<"$counts")
    fired=",$rules,$alerts,"
    line="\"p\": \"$rules\", \"a\": \"$alerts\", \"d\": \"${counts%$'\t'*}\", \"f\": \"${counts#*$'\t'}\""
    [[ $line != "${last_line-}" ]] || return 0
    last_line=$line
    printf '{"s": %s, %s}\n' "$(elapsed)" "$line" | tr -d '\\' >>"$scratch/samples"
}

# a run that died has let the lock go: three probes in a row, because one that reconnects has it again within seconds
abandoned() {
    if flock --nonblock lock true 9>&-; then ((++free)); else free=0; fi
    ((free >= 3))
}

# until_all STATE SECONDS NAME…: samples until each is in that state, or could not be provoked. fires: Alertmanager has it and
# its messages had their time; over: neither has it any more.
until_all() {
    local state=$1 ends=$((SECONDS + $2)) waiting one; shift 2
    while :; do
        ! abandoned || conclude error 'The run that began the drill has ended: nothing was waited for any more.'
        ((SECONDS < given[limit_s])) || conclude error "It took longer than ${given[limit_s]} s."
        sample
        waiting=0
        for one in "$@"; do
            [[ ! -e $scratch/failed/$one ]] || continue
            case $state in
                fires) [[ $fired == *",$one=active:"* || $fired == *",$one=suppressed:"* ]] || waiting=1 ;;
                over) [[ $fired != *",$one="* ]] || waiting=1 ;;
            esac
        done
        ((waiting)) || return 0
        ((SECONDS < ends)) || return 0
        sleep 0.5
    done
}

# round SECONDS NAME…: provoke them together, wait so long, end them.
round() {
    local one seconds=$1; shift
    (($#)) || return 0
    for one in "$@"; do
        provoke "$one" 5>&- 6>&- 7>&- 8>&- 9>&- &
    done
    until_all fires "$seconds" "$@"
    until_delivered
    : >"$scratch/end"
    wait
    rm -f "$scratch/end"
}

# a channel that hangs is given up after a while: the record shows that it took nothing
until_delivered() {
    local ends=$((SECONDS + given[settle_s])) before=''
    while ((SECONDS < ends)); do
        # a reply that did not come is not quiet
        sample || { sleep 0.7; continue; }
        # the wait of a group is a second, and so is what a channel needs: quiet for three samples is the end
        if [[ $last_line == "$before" ]]; then ((++quiet)); else quiet=0 before=$last_line; fi
        ((quiet < 4)) || return 0
        sleep 0.7
    done
}

declare -A given
for word in "$@"; do given[${word%%=*}]=${word#*=}; done
cd -- "${given[checkout]}/.runbook" || exit 1
run_id=$(sed -n 's/.*"run_id": *"\([A-Za-z0-9-]*\)".*/\1/p' lock.json 2>/dev/null)
[[ -n $run_id ]] || { echo 'The lock names no run.' >&2; exit 1; }
began=$(now_s) sent=0 scratch=$(mktemp -d) free=0 quiet=0 fired='' last_line='' kept=''
mkdir "$scratch"/{begun,ended,failed}
: >"$scratch/samples"
SECONDS=0
command -v curl >/dev/null || conclude error 'The server has no curl, which the drill asks Prometheus and Alertmanager with.'
find_places || conclude error "$(cat "$scratch/undo" 2>/dev/null)"
undo >"$scratch/undo" 2>&1 || conclude error "What an earlier drill left could not be removed: $(last_lines 500 <"$scratch/undo")"
trap 'conclude error "It was stopped."' TERM INT HUP
keep
load >"$scratch/load" 2>&1 || conclude error "Rules and route of the drill could not be loaded: $(last_lines 800 <"$scratch/load")"
sample
together=() alone=()
for word in ${given[conditions]}; do
    # a busy server would falsify what the others measure
    if [[ ${given[by_${word}]} == cpu ]]; then alone+=("$word"); else together+=("$word"); fi
done
round "${given[hold_s]}" "${together[@]}"
# with the time that may pass until the others leave a processor
round "$((given[hold_s] * 3 / 2))" "${alone[@]}"
# the rate of the last minute has to fall again
until_all over "${given[over_s]}" "${together[@]}" "${alone[@]}"
quiet=0
until_delivered
conclude "done" 'The drill reached its end.'
