# shellcheck shell=bash disable=SC2154
# Prints `free`, `held {json}` or `busy <job folders>`.
cd -- "$1/.runbook" 2>/dev/null || { echo free; exit 0; }
if holder; then echo "held $(cat lock.json)"; exit 0; fi
if [ -e lock ]; then
    exec 8<lock
    if ! flock -s -n 8; then echo "held $(cat lock.json 2>/dev/null 8>&-)"; exit 0; fi
    exec 8<&-
fi
busy=$(running_jobs)
if [ -z "$busy" ]; then
    [ -e jobs.lock ] || { echo free; exit 0; }
    exec 9<>jobs.lock
    if flock -n 9; then echo free; exit 0; fi
fi
# what is left is a job that leaves no folder: a schedule's
# shellcheck disable=SC2086  # one line of folders
echo busy $busy
