# shellcheck shell=bash disable=SC2154,SC2329
# One scheduled job on the server. A launcher sets name, project, directory, logs, every_s, offset_s, wait_s and steps(), then sources this.
# It takes the environment's lock, runs the steps, and records how it ended: in a status file, a metric and a log.
#   --when-due   run only when a time of the schedule has passed since the last start (cron asks every 15 minutes)
#   --announce   record that the schedule is installed; runs nothing

set -uo pipefail
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
umask 022

state=$directory/.runbook/scheduled
status=$state/$name.status.json
metrics=$directory/.runbook/metrics
log_file=$state/$name.log
# a folder of the server: another environment may log there too
[[ -z ${logs:-} || ! -w $logs ]] || log_file=$logs/scheduled_${project}_$name.log
outcome=failed message='' produced='' trigger=schedule exit_code=1 started_epoch='' seconds=0

iso() { date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ; }
log() { printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*" >>"$log_file"; }
# one line of printable text, quoted for JSON
sanitize() { tr -c '[:print:]' ' ' <<<"$1" | cut -c1-400 | sed 's/[\\"]/\\&/g; s/ *$//'; }
recorded() { [[ -e $status ]] && grep -oP "\"$1\": \K[0-9]+" -- "$status" | head -n 1; }
replace() { cat >"$1.new" && sync -- "$1.new" && mv -fT -- "$1.new" "$1"; }

# Arithmetic in UTC seconds: no time zone and no summer time can move it.
last_slot() { echo $(($1 - ($1 - offset_s) % every_s)); }

due() {
    local now started installed
    now=$(date +%s) started=$(recorded started_epoch) installed=$(cat -- "$state/$name.installed" 2>/dev/null)
    started=${started:-0} installed=${installed:-0}
    # a time in the future was written by a clock that has jumped since: it must not keep backups away
    ((started <= now + 120)) || started=0
    ((installed <= now + 120)) || installed=0
    # the lock was held by another operation, or the server went down meanwhile: the backup is still due
    grep -qE '"outcome": "(refused|running)"' -- "$status" 2>/dev/null && started=0
    local slot; slot=$(last_slot "$now")
    ((slot > started && slot > installed))
}

write_status() {
    local finished=null success; success=$(recorded last_success_epoch)
    [[ $outcome == running ]] || finished="\"$(iso "$(date +%s)")\""
    [[ $outcome == succeeded ]] && success=$started_epoch
    printf '{"schedule": "%s", "outcome": "%s", "exit_code": %s, "trigger": "%s", "started": "%s", "started_epoch": %s,' \
        "$name" "$outcome" "$exit_code" "$trigger" "$(iso "$started_epoch")" "$started_epoch"
    printf ' "finished": %s, "seconds": %s, "last_success_epoch": %s, "message": "%s", "file": "%s", "log": "%s"}\n' \
        "$finished" "$seconds" "${success:-null}" "$(sanitize "$message")" "$(sanitize "$produced")" "$log_file"
}

gauge() { printf '# HELP runbook_scheduled_job_%s %s\n# TYPE runbook_scheduled_job_%s gauge\nrunbook_scheduled_job_%s{schedule="%s"} %s\n' \
    "$1" "$2" "$1" "$1" "$name" "$3"; }

write_metrics() {
    local success installed; success=$(recorded last_success_epoch) installed=$(cat -- "$state/$name.installed" 2>/dev/null)
    [[ -z $installed ]] || gauge installed_timestamp_seconds 'When the schedule was installed.' "$installed"
    [[ -z $success ]] || gauge last_success_timestamp_seconds 'Start of the last run that succeeded.' "$success"
    [[ ! -e $status ]] || gauge last_exit_code 'Exit code of the last run.' "$(recorded exit_code || echo 255)"
    [[ ! -e $status ]] || gauge last_duration_seconds 'Length of the last run.' "$(recorded seconds || echo 0)"
}

# The certificate that nginx presents, where the launcher names its host and port. One that cannot be had now leaves the
# last one: when that expires has not changed.
write_certificate() {
    local served=${served:-} end
    [[ -n $served ]] && command -v openssl >/dev/null || return 0
    end=$(timeout 20 openssl s_client -connect "127.0.0.1:${served##*:}" -servername "${served%:*}" </dev/null 2>/dev/null \
        | openssl x509 -noout -enddate 2>/dev/null) && end=$(date -u -d "${end#notAfter=}" +%s 2>/dev/null) || return 0
    printf '# TYPE runbook_certificate_expires_timestamp_seconds gauge\nrunbook_certificate_expires_timestamp_seconds{host="%s"} %s\n' \
        "${served%:*}" "$end" | replace "$metrics/certificate.prom"
}

publish() { write_status | replace "$status"; write_metrics | replace "$metrics/scheduled_$name.prom"; }

# Why ages cannot be trusted, for the steps: empty when the clock ran evenly since the last run.
clock_problem() {
    local boot uptime now old_boot old_uptime old_now
    read -r boot </proc/sys/kernel/random/boot_id; read -r uptime _ </proc/uptime; uptime=${uptime%.*} now=$(date +%s)
    if read -r old_boot old_uptime old_now <"$state/clock"; then
        local moved=$((now - old_now - (uptime - old_uptime)))
        if ((now < old_now - 120)); then echo "the clock went back $((old_now - now)) s"
        elif [[ $boot == "$old_boot" ]] && ((moved > 120 || moved < -120)); then echo "the clock jumped by $moved s"; fi
    fi 2>/dev/null
    printf '%s %s %s\n' "$boot" "$uptime" "$now" | replace "$state/clock"
}

# A runbook that runs a schedule for a test holds the lock itself, and leaves its run id in a file.
lock_is_shared() {
    local run_id
    read -r run_id <"$state/$name.test-run" && [[ $run_id =~ ^[A-Za-z0-9-]+$ ]] \
        && ! flock -n 8 && grep -qF "\"run_id\": \"$run_id\"" "$directory/.runbook/lock.json"
} 2>/dev/null

lock_holder() { grep -oP '"(owner|purpose|started)": "\K[^"]*' "$directory/.runbook/lock.json" 2>/dev/null | paste -sd ',' | sed 's/,/, /g'; }

take_lock() {
    exec 8>>"$directory/.runbook/lock" 7>>"$directory/.runbook/jobs.lock" || return 1
    if lock_is_shared; then trigger=test-run; exec 8>&-; return 0; fi
    if ! flock -w "$wait_s" 8; then
        message="Not run: another operation held the lock for $wait_s s ($(lock_holder))." outcome=refused exit_code=75
        return 1
    fi
    if ! flock -w "$wait_s" 7; then
        message="Not run: a job of an earlier operation is still running after $wait_s s." outcome=refused exit_code=75
        return 1
    fi
    # a job of an earlier run that comes late finds this number, not its own, and does not start
    local number=0; read -r number _ 2>/dev/null <"$directory/.runbook/fence"; [[ $number =~ ^[0-9]{1,15}$ ]] || number=0
    printf '%s %s\n' "$((number + 1))" "$name-$started_epoch" | replace "$directory/.runbook/fence"
    flock -s 7 # its children keep it: when this job dies, others wait until they have ended
    beat
    (while sleep 10 && [[ -d /proc/$$ ]]; do beat; done) 7>&- 8>&- 9>&- >/dev/null 2>&1 &
    heart=$!
}

beat() {
    local line; read -r line <"/proc/$$/stat"; line=${line##*) }
    # shellcheck disable=SC2086
    set -- $line
    printf '{"owner": "schedule", "run_id": "%s-%s", "purpose": "%s", "started": "%s", "pid": %s, "born": %s, "heartbeat": "%s"}\n' \
        "$name" "$started_epoch" "scheduled job $name" "$(iso "$started_epoch")" "$$" "${20}" "$(iso "$(date +%s)")" \
        >"$directory/.runbook/lock.json.new" && mv -f -- "$directory/.runbook/lock.json.new" "$directory/.runbook/lock.json"
    # as lock_acquire.sh writes it
    printf '# TYPE runbook_lock_%s gauge\nrunbook_lock_%s{run="%s"} %s\n' \
        held_since_timestamp_seconds held_since_timestamp_seconds "$name-$started_epoch" "$started_epoch" \
        heartbeat_timestamp_seconds heartbeat_timestamp_seconds "$name-$started_epoch" "$(date +%s)" \
        >"$metrics/lock.prom.new" && mv -f -- "$metrics/lock.prom.new" "$metrics/lock.prom"
}

# step KEY LIMIT_S PROGRAM…: its exit code is checked; the last line of its errors becomes the message of a failure.
step() {
    local key=$1 limit_s=$2 code; shift 2
    log "$key"
    (cd -- "$directory" && exec timeout -k 10 "$limit_s" "$@") </dev/null >"$state/$name.out" 2>"$state/$name.err" 8>&- 9>&-
    code=$?
    cat -- "$state/$name.out" "$state/$name.err" >>"$log_file"
    local made; made=$(grep -oP '^(published|committed|unchanged) \K.*' "$state/$name.out" | tail -n 1)
    produced=${made:-$produced}
    ((code == 0)) && return
    message="$key: $(tail -n 1 -- "$state/$name.err")"
    ((code == 124)) && message="$key: stopped after $limit_s s"
    exit_code=$code
    return "$code"
}

finish() {
    read -r up _ </proc/uptime; seconds=$((${up%.*} - began))
    [[ -z ${heart:-} ]] || { kill "$heart" 2>/dev/null; rm -f -- "$directory/.runbook/lock.json" "$metrics/lock.prom"; }
    log "$outcome $message"
    publish
    rm -f -- "$state/$name.out" "$state/$name.err"
}

main() {
    # an editor on Windows puts CR at the end of cron's line
    set -- "${1:-}"; set -- "${1%$'\r'}"
    # cron mails what a job prints; its line holds no redirection, because SHELL in a crontab may be any
    [[ $1 != --when-due ]] || exec >/dev/null 2>&1
    mkdir -p -- "$state" "$metrics" || exit 1
    if [[ ${1:-} == --announce ]]; then
        # said to be done only where both are on the disk: Prometheus would never miss a job that it does not know. The
        # certificate is another matter
        if { [[ -s $state/$name.installed ]] || date +%s | replace "$state/$name.installed"; } \
            && write_metrics | replace "$metrics/scheduled_$name.prom"; then write_certificate; exit 0; fi
        echo "$name could not be announced: is the disk full?" >&2; exit 1
    fi
    exec 9>>"$state/$name.running" || exit 1
    flock -n 9 || exit 0 # the same schedule is running already
    [[ ${1:-} != --when-due ]] || due || exit 0
    [[ ! -e $log_file ]] || (($(stat -c %s -- "$log_file") < 5000000)) || mv -f -- "$log_file" "$log_file.1"
    read -r up _ </proc/uptime; began=${up%.*} started_epoch=$(date +%s)
    outcome=running exit_code=0; write_status | replace "$status"; outcome=failed exit_code=1
    trap finish EXIT
    trap 'message="stopped by a signal" exit_code=143; exit 143' TERM INT HUP
    take_lock || exit "$exit_code"
    RUNBOOK_CLOCK_PROBLEM=$(clock_problem); export RUNBOOK_CLOCK_PROBLEM
    log "started ($trigger)"
    steps || exit "$exit_code"
    outcome=succeeded exit_code=0
    write_certificate
}

main "$@"; exit "$exit_code"
