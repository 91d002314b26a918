# shellcheck shell=bash disable=SC2329
# Installs the schedules, step by step, on the server: `bash -s -- STEP FOLDER …`, FOLDER being .runbook/scheduled.

set -uo pipefail
export LC_ALL=C; XDG_RUNTIME_DIR=/run/user/$(id -u); export XDG_RUNTIME_DIR
units=$HOME/.config/systemd/user

fail() { printf '%s\n' "$*" >&2; exit 1; }

# save: what is there now, so that an undo can restore it.
save() {
    local one
    mkdir -p -- ../metrics && rm -rf before.new && mkdir -p before.new/units || exit
    for one in *; do [[ ! -f $one ]] || cp -p -- "$one" before.new/ || exit; done
    for one in "$units"/gw2-*; do [[ ! -f $one ]] || cp -p -- "$one" before.new/units/ || exit; done
    crontab -l >before.new/crontab.saved 2>/dev/null || : >before.new/crontab.saved
    rm -rf before && mv before.new before
}

# restore_files NAME…: those files as they were; status files and logs of the jobs stay.
restore_files() {
    local one
    [[ -d before ]] || return 0
    for one; do
        if [[ -e before/$one ]]; then cp -p -- "before/$one" "$one" || exit; else rm -f -- "$one"; fi
    done
}

# set_crontab BEGIN END BLOCK: our lines between two markers, at the end. Other lines stay as they are.
set_crontab() {
    local begin=$1 end=$2 block=$3 old rest markers
    old=$(crontab -l 2>/dev/null; echo .); old=${old%.}
    markers=$(printf %s "$old" | awk -v b="$begin" -v e="$end" '$0 == b { x++ } $0 == e { y++ } END { print x + 0, y + 0 }')
    [[ $markers == '0 0' || $markers == '1 1' ]] || fail 'Not written: the crontab has one of our markers without its partner. Remove it with crontab -e.'
    rest=$(printf %s "$old" | awk -v b="$begin" -v e="$end" '$0 == b { ours = 1 } !ours { print } $0 == e { ours = 0 }'; echo .)
    printf '%s%s' "${rest%.}" "$block" | crontab - || exit
    [[ $(crontab -l 2>/dev/null) == "$(printf '%s%s' "${rest%.}" "$block")" ]] || fail 'The crontab is not what was written.'
}

restore_crontab() { [[ ! -e before/crontab.saved ]] || crontab before/crontab.saved; }

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

# restore_units NAME…: those jobs' units as they were; a job that had none loses them.
restore_units() {
    local one
    [[ -d before ]] || return 0
    for one; do
        [[ -e before/units/gw2-$one.timer ]] || { remove_units "$one" || exit; continue; }
        cp -p -- before/units/gw2-"$one".* "$units/" && enable_timers "gw2-$one.timer" || exit
    done
}

# forget NAME…: these jobs are no longer announced to Prometheus.
forget() { local one; for one; do rm -f -- "$one.installed" "../metrics/scheduled_$one.prom"; done; }

# test_run NAME SCHEDULER: the lock is held by the run that asks; the job finds its id and runs under that lock. The
# environment is cron's own: a bare PATH, no terminal.
test_run() {
    local name=$1 scheduler=$2 run_id code
    run_id=$(grep -oP '"run_id": ?"\K[A-Za-z0-9-]+' ../lock.json) || fail 'The lock is not held.'
    printf '%s\n' "$run_id" >"$name.test-run" || exit
    trap 'rm -f -- "$name.test-run"' EXIT
    if [[ $scheduler == systemd ]]; then systemctl --user start "gw2-$name.service"
    else env -i HOME="$HOME" LOGNAME="$(id -un)" SHELL=/bin/sh PATH=/usr/bin:/bin /bin/sh -c "'$PWD/$name'" </dev/null; fi
    code=$?
    cat -- "$name.status.json"
    # the job's own message comes last, after the scheduler's; that of an earlier run says nothing about this one
    ((code == 0)) || [[ ! $name.status.json -nt $name.test-run ]] || grep -oP '"message": "\K[^"]*' "$name.status.json" >&2
    exit "$code"
}

main() {
    local step=$1 folder=$2; shift 2
    mkdir -p -- "$folder" && cd -- "$folder" || exit
    case $step in
        save | restore_files | set_crontab | restore_crontab | enable_timers | remove_units | restore_units | forget | test_run) "$step" "$@" ;;
        *) fail "There is no step '$step'." ;;
    esac
}

main "$@"; exit
