# shellcheck shell=bash disable=SC2154,SC2034
# What is installed of a project's schedules, and how they went. Follows required_programs.sh, folder_owner.sh and
# crontab.sh. Reads only:
#   bash -s -- DIRECTORY FOLDERS PROJECT BEGIN END NAME…
# FOLDERS: those that the jobs write to, a line each. One record a line, fields by tabs, texts in base64. Lines and units
# of other environments stay on the server.

set -uo pipefail
export LC_ALL=C

encoded() { base64 -w0; }

scheduler() {
    local user; user=$(id -un)
    printf 'zone\t%s\n' "$(date +%z)"
    [[ -d /run/systemd/system ]] && printf 'has\tsystemd\n'
    [[ -e /var/lib/systemd/linger/$user ]] && printf 'has\tlinger\n'
    XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user show-environment >/dev/null 2>&1 && printf 'has\tuser-manager\n'
    pgrep -x 'cron|crond' >/dev/null && printf 'has\tcron-daemon\n'
}

# a crontab that cannot be read is not an empty one
survey_crontab() {
    local own=''
    if command -v crontab >/dev/null; then
        if ! read_crontab; then printf 'crontab-problem\t%s\n' "$(printf '%s' "$crontab_problem" | encoded)"
        else
            printf 'has\tcrontab\n'
            own=$(printf '%s' "$crontab" | own_blocks; printf '/%s' "$?")
            [[ ${own##*/} == 0 ]] || printf 'crontab-problem\t%s\n' \
                "$(printf '%s' 'one of our markers without its partner, or lines of another environment between ours' | encoded)"
            own=${own%/*}
        fi
    fi
    printf 'crontab\t%s\n' "$(printf '%s' "$own" | encoded)"
}

# lacking: what the jobs would miss, looked up where job_wrapper.sh does: its PATH is not that of a person's login
lacking() {
    local one PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    lacking_programs
    for one in docker git tar; do command -v "$one" >/dev/null || echo "$one"; done
}

main() {
    local state=$1/.runbook/scheduled name file unit old
    units=$HOME/.config/systemd/user folder=$state project=$3 begin=$4 end=$5
    print_owners "$2" || exit 1
    shift 5
    printf 'clock\t%s\nuser\t%s\nhome\t%s\nproject\t%s\nfolder\t%s\n' "$(date +%s)" "$(id -un)" "$HOME" "$project" "$state"
    scheduler
    printf 'lacks\t%s\n' "$(lacking | paste -sd,)"
    survey_crontab
    for file in "$state"/* "$units/runbook-$project-"*; do
        [[ -f $file ]] && printf 'file\t%s\t%s\n' "$(printf %s "$file" | encoded)" "$(sha256sum <"$file" | cut -d' ' -f1)"
    done
    for name; do
        [[ -e $state/$name.installed ]] && printf 'installed\t%s\t%s\n' "$name" "$(head -c 20 -- "$state/$name.installed")"
        [[ -e $state/$name.status.json ]] && printf 'status\t%s\t%s\n' "$name" "$(head -c 20000 -- "$state/$name.status.json" | encoded)"
        [[ -e $state/$name.running ]] && ! flock -n -s -- "$state/$name.running" true && printf 'running\t%s\n' "$name"
        unit=runbook-$project-$name
        if old=$(old_unit "$name"); then
            printf 'old-unit\t%s\n' "$name"
            is_active "$old" && printf 'timer\t%s\n' "$name"
        fi
        is_active "$unit" && printf 'timer\t%s\n' "$name"
    done
    printf 'end\n'
}

is_active() { XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user is-active --quiet "$1.timer" 2>/dev/null; }

main "$@"; exit
