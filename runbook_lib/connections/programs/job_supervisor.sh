#!/bin/bash
# shellcheck disable=SC2034,SC2086,SC2094  # used below the action; word splitting of /proc is wanted
# One detached job of a runbook. Next to this file: out, err, pid (and start time), exit.
set -m -u
umask 077
folder=$1 limit_s=$2 directory=$3 fence=$4
cd -- "$folder" || exit 1
exec 7<stdin && rm -f -- stdin
# Disk space for the exit file is taken before the work, so that a disk filled by the work cannot swallow the outcome.
printf '%600s\n' '' > exit.partial || exit 1
exec 5<>exit.partial

start_time() {
    local line
    read -r line < "/proc/$1/stat" && line=${line##*) } && set -- $line && echo "${20}"
} 2>/dev/null

why='' child='' stages='' interrupted=''
started=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)
mine=$(start_time $$)

finish() {
    [ -r stages ] && read -r stages < stages
    printf '{"exit_code": %s, "why": "%s", "started": "%s", "ended": "%s", "stages": [%s]}' \
        "$1" "$why" "$started" "$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)" "$stages" >&5
    exec 5>&-
    mv -fT -- exit.partial exit
    exit 0
}

end() {
    interrupted=yes
    [ -n "$why" ] && return
    why=$1
    # a signal may come when the action has begun and `child` is not set yet
    child=${child:-${!:-}}
    [ -n "$child" ] || finish 143
    kill -TERM -- "-$child" 2>/dev/null
    for _ in {1..50}; do kill -0 -- "-$child" 2>/dev/null || return; sleep 0.1; done
    kill -KILL -- "-$child" 2>/dev/null
}
# the reasons are compared in connections/jobs/job.py
trap 'end "stopped from outside"' TERM
trap 'end "timed out"' USR1

: > out; : > err
printf '%s %s\n' "$$" "$mine" > pid.partial && mv -fT -- pid.partial pid
exec 8>>"$directory/.runbook/jobs.lock" || finish 126
flock -s -w 10 8 || { why='lock not held'; finish 75; }
# With jobs.lock in hand: whoever gets the lock from now on finds this job running; whoever got it before has written a
# number of their own. A link that was slow, or a lock that was broken meanwhile, starts nothing under another's lock.
holds_lock() {
    local current
    read -r current < "$directory/.runbook/fence" && [ "$current" = "$fence" ] \
        && [ ! -e "$directory/.runbook/broken/${fence#* }" ]
} 2>/dev/null
[ -z "$fence" ] || holds_lock || { why='lock not held'; finish 75; }
