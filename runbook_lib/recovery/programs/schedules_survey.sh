# shellcheck shell=bash
# What is installed of the schedules, and how they went: `bash -s -- DIRECTORY NAME…`. Reads only.
# One record a line, fields by tabs, texts in base64.

set -uo pipefail
export LC_ALL=C

encoded() { base64 -w0; }

scheduler() {
    local user; user=$(id -un)
    printf 'zone\t%s\n' "$(date +%z)"
    [[ -d /run/systemd/system ]] && printf 'has\tsystemd\n'
    [[ -e /var/lib/systemd/linger/$user ]] && printf 'has\tlinger\n'
    XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user show-environment >/dev/null 2>&1 && printf 'has\tuser-manager\n'
    # "no crontab yet" also exits with 1; where a user may not have one, the message is a different one
    if command -v crontab >/dev/null && { crontab -l >/dev/null 2>&1 || [[ $(crontab -l 2>&1) == *'no crontab'* ]]; }; then
        printf 'has\tcrontab\n'
    fi
    pgrep -x 'cron|crond' >/dev/null && printf 'has\tcron-daemon\n'
}

main() {
    local state=$1/.runbook/scheduled name file units; shift
    printf 'clock\t%s\nuser\t%s\nhome\t%s\n' "$(date +%s)" "$(id -un)" "$HOME"
    scheduler
    printf 'crontab\t%s\n' "$(crontab -l 2>/dev/null | encoded)"
    units=$HOME/.config/systemd/user
    for file in "$state"/* "$units"/gw2-*; do
        [[ -f $file ]] && printf 'file\t%s\t%s\n' "$(printf %s "$file" | encoded)" "$(sha256sum <"$file" | cut -d' ' -f1)"
    done
    for name; do
        [[ -e $state/$name.installed ]] && printf 'installed\t%s\t%s\n' "$name" "$(head -c 20 -- "$state/$name.installed")"
        [[ -e $state/$name.status.json ]] && printf 'status\t%s\t%s\n' "$name" "$(head -c 20000 -- "$state/$name.status.json" | encoded)"
        [[ -e $state/$name.running ]] && ! flock -n -s -- "$state/$name.running" true && printf 'running\t%s\n' "$name"
        XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user is-active --quiet "gw2-$name.timer" 2>/dev/null \
            && printf 'timer\t%s\n' "$name"
    done
    printf 'end\n'
}

main "$@"; exit
