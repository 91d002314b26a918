# shellcheck shell=bash disable=SC2015,SC2030,SC2031,SC2086,SC2012,SC2154
# Prints one line: `taken NUMBER`, `held {json}`, `busy <job folders>`, `broken {json}`, `passed RUN` or `other PROJECT`; then
# lives until its input ends or falls silent. NUMBER grows with each run that gets the lock: `fence` has the last one and its run, and
# a job starts only with both (job_supervisor.sh). `passed`: the run held the lock as `known`, and another one did since.
# Children get no lock descriptor (8>&-), or a sleeping child would keep the lock of a dead holder.
# Whoever holds the lock prunes: job folders of finished runs go after keep_days, the newest keep_runs never. A job
# without an exit file is still running, or its outcome was never reconciled: its run's folder stays.
set -u; umask 022
directory=$1 run_id=$2 silence_s=$3 keep_runs=$4 keep_days=$5 known=$6 project=${7:-} variables=${8:-.env}
# first of all: input for a session that has ended costs the caller's whole connection
IFS= read -r record || exit 1
# Two environments cannot share a folder: its variables, upstreams and schedules are one's alone, and its lock is not the
# other's. They may name another file for them. Asked when a run begins: in the middle of it a release may have brought a .env of its own.
if [ "$known" = 0 ] && [ -n "$project" ]; then
    # as Compose reads it: spaces around the sign, a colon for it, a comment behind the value
    owners=$(sed -n "s/[[:space:]]#.*//; s/[[:space:]]*\$//; s/[\"']//g
        s/^[[:space:]]*\(export[[:space:]]\)\{0,1\}[[:space:]]*COMPOSE_PROJECT_NAME[[:space:]]*[=:][[:space:]]*//p" \
        "$directory/$variables" 2>/dev/null | tail -n 1; sed -n 's/^COMPOSE_PROJECT_NAME=//p' "$directory"/.runbook/*.env 2>/dev/null)
    # of other variables, which only Compose knows: no name that could be compared
    owner=$(printf '%s\n' "$owners" | grep -vxF -e "$project" -e '' | grep -vF '$' | head -n 1)
    if [ -n "$owner" ]; then echo "other $owner"; exit 0; fi
fi
mkdir -p -- "$directory/.runbook" && cd -- "$directory/.runbook" || exit 1
if [ -e "broken/$run_id" ]; then echo "broken $(cat -- "broken/$run_id")"; exit 0; fi

held() { echo "held $(cat lock.json 2>/dev/null 8>&-)"; exit 0; }
# A holder of this very run, behind a link that is dead, ends: its successor is here.
succeed() { holder 8>&- && [ "$holder" = "$run_id" ] && kill -TERM "$pid" 2>/dev/null; }
is_current() { [ lock -ef "/proc/$$/fd/8" ]; }
exec 8>>lock || exit 1
if ! flock -w 1 8; then
    succeed && flock -w 5 8 || held
fi
# a file that was deleted or replaced meanwhile is not the one that others lock
is_current || held
# The file is ours and its holder lives: someone deleted the one that it locked. What counts is the holder.
if holder 8>&-; then succeed || held; fi

exec 9>>jobs.lock || exit 1
flock -w 1 9; free=$?
own='' others=''
for job in $(running_jobs 8>&- 9>&-); do
    case $job in jobs/"$run_id"/*) own+=" $job";; *) others+=" $job";; esac
done
# no job at all: it ended while the folders were read, and the lock is free now
if [ -n "$others" ] || { [ $free != 0 ] && [ -z "$own" ] && ! flock -w 1 9; }; then echo "busy${others}"; exit 0; fi

number=0 last=''
if [ -e fence ]; then read -r number last < fence; elif [ "$known" != 0 ]; then number=$known last=$run_id; fi
[[ $number =~ ^[0-9]{1,15}$ ]] || number=0
if [ "$known" != 0 ] && [ "$number $last" != "$known $run_id" ]; then echo "passed ${last:-unknown}"; exit 0; fi
[ "$last" = "$run_id" ] || number=$((number + 1))
write_fence() { printf '%s %s\n' "$number" "$run_id" > fence.new && mv -fT fence.new fence 8>&- 9>&-; }
# while jobs.lock is ours alone: a job that comes later sees the new number, one that came earlier keeps us out
write_fence || exit 1
exec 9>&-

read -r line < "/proc/$$/stat"; line=${line##*) }
set -- $line; born=${20}
# as the run says it: one that takes its lock again after a dropped link has held it all the while
[[ $record =~ \"started\":\ \"([0-9TZ:-]+)\" ]] && since=$(date -u -d "${BASH_REMATCH[1]}" +%s 2>/dev/null 8>&-) \
    || since=$(date +%s 8>&-)
mkdir -p metrics 2>/dev/null 8>&-
# For the alert on a lock that is held too long. With its own heartbeat: what a dead holder left behind raises no alert. A
# server whose disk is full must still be locked: it is repaired under the lock.
publish() {
    printf '# TYPE runbook_lock_%s gauge\nrunbook_lock_%s{run="%s"} %s\n' \
        held_since_timestamp_seconds held_since_timestamp_seconds "$run_id" "$since" \
        heartbeat_timestamp_seconds heartbeat_timestamp_seconds "$run_id" "$(date +%s 8>&-)" > metrics/lock.prom.new \
        && mv -f metrics/lock.prom.new metrics/lock.prom 8>&-
} 2>/dev/null
beat() {
    # deleted by hand: the new file is locked before another run finds it, or this holder has lost the lock and ends;
    # again where that one was deleted, too, before it was compared
    until is_current; do { exec 8>>lock && flock -w 5 8; } || exit 1; done
    [ -e fence ] || write_fence
    publish
    printf '%s, "pid": %s, "born": %s, "fence": %s, "heartbeat": "%s"}\n' "${record%\}}" "$$" "$born" "$number" \
        "$(date -u +%Y-%m-%dT%H:%M:%SZ 8>&-)" > lock.json.new && mv -f lock.json.new lock.json 8>&-
}
prune() (
    exec 8>&-  # a subshell's own: closed around a function, bash keeps a copy of it, and its children inherit that
    local run job number=0
    ls -1r jobs 2>/dev/null | while read -r run; do
        [[ $run =~ ^[0-9]{8}T[0-9]{6}Z-[0-9a-f]+$ ]] || continue
        [ $((number += 1)) -gt "$keep_runs" ] && [ "$run" != "$run_id" ] || continue
        [ -n "$(find "jobs/$run" -maxdepth 0 -mtime "+$keep_days")" ] || continue
        for job in "jobs/$run"/*/; do [ ! -d "$job" ] || [ -e "$job/exit" ] || continue 2; done
        rm -rf -- "jobs/$run"
    done
)
beat || exit 1
echo "taken $number"
prune
while read -r -t "$silence_s" _; do beat; done
rm -f lock.json metrics/lock.prom 8>&-
