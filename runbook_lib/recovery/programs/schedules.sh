# shellcheck shell=bash disable=SC2329
# Installs the schedules, step by step, on the server: `bash -s -- STEP FOLDER …`, FOLDER being .runbook/scheduled.

set -uo pipefail
export LC_ALL=C; XDG_RUNTIME_DIR=/run/user/$(id -u); export XDG_RUNTIME_DIR
units=$HOME/.config/systemd/user

fail() { printf '%s\n' "$*" >&2; exit 1; }

# keep: what is there now, so that an undo can bring it back.
keep() {
    local one
    mkdir -p -- ../metrics && rm -rf before.new && mkdir -p before.new/units || exit
    for one in *; do [[ ! -f $one ]] || cp -p -- "$one" before.new/ || exit; done
    for one in "$units"/gw2-*; do [[ ! -f $one ]] || cp -p -- "$one" before.new/units/ || exit; done
    crontab -l >before.new/crontab.kept 2>/dev/null || : >before.new/crontab.kept
    rm -rf before && mv before.new before
}

# put_back NAME…: those files as they were; what the jobs wrote about themselves stays.
put_back() {
    local one
    [[ -d before ]] || return 0
    for one; do
        if [[ -e before/$one ]]; then cp -p -- "before/$one" "$one" || exit; else rm -f -- "$one"; fi
    done
}

# set_crontab BEGIN END BLOCK: our lines between two marks, at the end. Lines of others stay as they are.
set_crontab() {
    local begin=$1 end=$2 block=$3 old rest marks
    old=$(crontab -l 2>/dev/null; echo .); old=${old%.}
    marks=$(printf %s "$old" | awk -v b="$begin" -v e="$end" '$0 == b { x++ } $0 == e { y++ } END { print x + 0, y + 0 }')
    [[ $marks == '0 0' || $marks == '1 1' ]] || fail 'Not written: the crontab has marks of ours without a partner. Remove them with crontab -e.'
    rest=$(printf %s "$old" | awk -v b="$begin" -v e="$end" '$0 == b { ours = 1 } !ours { print } $0 == e { ours = 0 }'; echo .)
    printf '%s%s' "${rest%.}" "$block" | crontab - || exit
    [[ $(crontab -l 2>/dev/null) == "$(printf '%s%s' "${rest%.}" "$block")" ]] || fail 'The crontab is not what was written.'
}

crontab_back() { [[ ! -e before/crontab.kept ]] || crontab before/crontab.kept; }

enable_timers() { systemctl --user daemon-reload && systemctl --user enable --now "$@"; }

# remove_units NAME…: timer and service of each job, all, some or none of which are there.
remove_units() {
    local one
    for one; do
        [[ ! -e $units/gw2-$one.timer ]] || systemctl --user disable --now "gw2-$one.timer" || exit
        rm -f -- "$units/gw2-$one.timer" "$units/gw2-$one.service" || exit
    done
    systemctl --user daemon-reload
}

# units_back NAME…: those jobs' units as they were; without any, as without systemd.
units_back() {
    local one
    [[ -d before ]] || return 0
    for one; do
        [[ -e before/units/gw2-$one.timer ]] || { remove_units "$one" || exit; continue; }
        cp -p -- before/units/gw2-"$one".* "$units/" && enable_timers "gw2-$one.timer" || exit
    done
}

# forget NAME…: these jobs are no longer announced to Prometheus.
forget() { local one; for one; do rm -f -- "$one.installed" "../metrics/scheduled_$one.prom"; done; }

# try_now NAME SCHEDULER: the lock is held by the run that asks; the job finds its id and works under it. The environment
# is cron's own: a bare PATH, no terminal.
try_now() {
    local name=$1 scheduler=$2 run_id code
    run_id=$(grep -oP '"run_id": ?"\K[A-Za-z0-9-]+' ../lock.json) || fail 'Nobody holds the environment.'
    printf '%s\n' "$run_id" >"$name.try" || exit
    trap 'rm -f -- "$name.try"' EXIT
    if [[ $scheduler == systemd ]]; then systemctl --user start "gw2-$name.service"
    else env -i HOME="$HOME" LOGNAME="$(id -un)" SHELL=/bin/sh PATH=/usr/bin:/bin /bin/sh -c "'$PWD/$name'" </dev/null; fi
    code=$?
    cat -- "$name.status.json"
    # the job's own word is the last one, after whatever the scheduler said about it; an earlier run's is not its word
    ((code == 0)) || [[ ! $name.status.json -nt $name.try ]] || grep -oP '"message": "\K[^"]*' "$name.status.json" >&2
    exit "$code"
}

main() {
    local step=$1 folder=$2; shift 2
    mkdir -p -- "$folder" && cd -- "$folder" || exit
    case $step in
        keep | put_back | set_crontab | crontab_back | enable_timers | remove_units | units_back | forget | try_now) "$step" "$@" ;;
        *) fail "There is no step '$step'." ;;
    esac
}

main "$@"; exit
