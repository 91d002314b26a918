# shellcheck shell=bash disable=SC2329,SC2154,SC2034,SC2015
# Installs the schedules, step by step, on the server. Follows crontab.sh:
#   bash -s -- STEP FOLDER PROJECT BEGIN END …    FOLDER being .runbook/scheduled
# Crontab and systemd's units are the user's: another environment on this server has its own there. What is read, changed,
# removed or restored here is the project's alone, and the rest is written back as it is now, not as it was.

set -uo pipefail
export LC_ALL=C; XDG_RUNTIME_DIR=/run/user/$(id -u); export XDG_RUNTIME_DIR
units=$HOME/.config/systemd/user

fail() { printf '%s\n' "$*" >&2; exit 1; }

unit() { printf 'runbook-%s-%s' "$project" "$1"; }

# save NAME…: what is there now of ours, so that an undo can restore it.
save() {
    local one name old
    mkdir -p -- ../metrics && rm -rf before.new && mkdir -p before.new/units || exit
    for one in *; do [[ ! -f $one ]] || cp -p -- "$one" before.new/ || exit; done
    for name; do
        old=$(old_unit "$name") || old=$(unit "$name")
        for one in "$units/$(unit "$name")".* "$units/$old".*; do
            [[ ! -f $one ]] || cp -p -- "$one" before.new/units/ || exit
        done
    done
    if command -v crontab >/dev/null; then
        read_crontab || fail "Not saved: the crontab cannot be read ($crontab_problem). Nothing was changed."
        own_blocks <<<"${crontab%$'\n'}" >before.new/crontab.block || unpaired
        # an undo must not leave an empty crontab where there was none
        ((has_crontab)) || : >before.new/crontab.none
    fi
    rm -rf before && mv before.new before
}

unpaired() { fail 'Not written: the crontab has one of our markers without its partner, or lines of another environment between ours. Correct it with crontab -e.'; }

# restore_files NAME…: those files as they were; status files and logs of the jobs stay.
restore_files() {
    local one
    [[ -d before ]] || return 0
    for one; do
        if [[ -e before/$one ]]; then cp -p -- "before/$one" "$one" || exit; else rm -f -- "$one"; fi
    done
}

# set_crontab BLOCK: our lines, in the place of those that are there. Two environments may do this at the same time, each
# under its own lock: the user's folder is locked meanwhile.
set_crontab() {
    local block=$1 new here
    exec {here}<"$HOME" && flock -w 30 "$here" || fail 'Not written: another program changes the crontab. Run again.'
    read_crontab || fail "Not written: the crontab cannot be read ($crontab_problem). Nothing was changed."
    new=$(printf '%s' "$crontab" | edited "$block"; printf '/%s' "$?")
    [[ ${new##*/} == 0 ]] || unpaired
    new=${new%/*}
    # awk ends a last line that had no end: not a change of ours
    [[ $new != "$crontab" && $new != "$crontab"$'\n' ]] || return 0
    printf '%s' "$new" | crontab - || fail 'Not written: crontab refused it, and keeps what it had.'
    read_crontab && [[ $crontab == "$new" ]] || fail 'The crontab is not what was written.'
    # the lock ends with this program: what follows here goes by what was just read
}

# restore_crontab: our lines as they were; those of others as they are now.
restore_crontab() {
    [[ -e before/crontab.block ]] || return 0
    local block; block=$(cat -- before/crontab.block; echo .)
    set_crontab "${block%.}"
    if [[ -e before/crontab.none && -z $crontab ]] && ((has_crontab)); then crontab -r; fi
}

# enable_timers NAME…
enable_timers() {
    local -a timers=()
    local one; for one; do timers+=("$(unit "$one").timer"); done
    systemctl --user daemon-reload && systemctl --user enable --now "${timers[@]}"
}

# end_units UNIT…: timer and service, all, some or none of which are there.
end_units() {
    local one
    for one; do
        [[ ! -e $units/$one.timer ]] || systemctl --user disable --now "$one.timer" || exit
        rm -f -- "$units/$one.timer" "$units/$one.service" || exit
    done
}

remove_units() {
    local one
    for one; do end_units "$(unit "$one")"; done
    remove_old_units "$@"
}

# remove_old_units NAME…: as earlier versions named them; those of another environment stay
remove_old_units() {
    local one old
    for one; do old=$(old_unit "$one") && end_units "$old"; done
    systemctl --user daemon-reload
}

# restore_units NAME…: those jobs' units as they were; a job that had none loses them.
restore_units() {
    local name one
    [[ -d before ]] || return 0
    for name; do
        [[ -e before/units/$(unit "$name").timer ]] || end_units "$(unit "$name")"
        # whatever its units were called
        for one in before/units/*"-$name.timer"; do
            [[ -e $one ]] || continue
            one=${one##*/} one=${one%.timer}
            cp -p -- before/units/"$one".* "$units/" && systemctl --user daemon-reload \
                && systemctl --user enable --now "$one.timer" || exit
        done
    done
    systemctl --user daemon-reload
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
    if [[ $scheduler == systemd ]]; then systemctl --user start "$(unit "$name").service"
    else env -i HOME="$HOME" LOGNAME="$(id -un)" SHELL=/bin/sh PATH=/usr/bin:/bin /bin/sh -c "'$PWD/$name'" </dev/null; fi
    code=$?
    cat -- "$name.status.json"
    # the job's own message comes last, after the scheduler's; that of an earlier run says nothing about this one
    ((code == 0)) || [[ ! $name.status.json -nt $name.test-run ]] || grep -oP '"message": "\K[^"]*' "$name.status.json" >&2
    exit "$code"
}

main() {
    local step=$1
    folder=$2 project=$3 begin=$4 end=$5; shift 5
    mkdir -p -- "$folder" && cd -- "$folder" || exit
    case $step in
        save | restore_files | set_crontab | restore_crontab | enable_timers | remove_units | remove_old_units | restore_units | forget | test_run) "$step" "$@" ;;
        *) fail "There is no step '$step'." ;;
    esac
}

main "$@"; exit
