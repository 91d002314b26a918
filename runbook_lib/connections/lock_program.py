"""The bash texts of the environment lock. The holder is one process on the server: when it ends, the lock is free."""

from __future__ import annotations

KEEP_RUNS = 50
KEEP_DAYS = 30

# Prints one line: `taken`, `held {json}`, `busy <job folders>` or `broken {json}`; then lives until its input ends or
# falls silent. Children get no lock descriptor (8>&-), or a sleeping child would keep the lock of a dead holder.
# Whoever has the lock tidies: job folders of runs that are over go after KEEP_DAYS, the newest KEEP_RUNS never. A job
# without an exit file is still at work, or nobody has looked what became of it: its run's folder stays.
HOLD = r"""
set -u; umask 022
directory=$1 run_id=$2 patience=$3 keep_runs=$4 keep_days=$5
mkdir -p -- "$directory/.runbook" && cd -- "$directory/.runbook" || exit 1
IFS= read -r record || exit 1
if [ -e "broken/$run_id" ]; then echo "broken $(cat -- "broken/$run_id")"; exit 0; fi

exec 8>>lock || exit 1
if ! flock -w 1 8; then echo "held $(cat lock.json 2>/dev/null 8>&-)"; exit 0; fi

exec 9>>jobs.lock || exit 1
if ! flock -w 1 9; then
    own= others=
    for file in jobs/*/*/pid; do
        job=${file%/pid}
        { [ -e "$file" ] && [ ! -e "$job/exit" ] && read -r pid _ < "$file" && pgrep -s "$pid" >/dev/null; } 8>&- 9>&- \
            || continue
        case $job in jobs/"$run_id"/*) own+=" $job";; *) others+=" $job";; esac
    done
    # no job at all: it ended while they were looked through, and the lock is free now
    if [ -n "$others" ] || { [ -z "$own" ] && ! flock -w 1 9; }; then echo "busy${others}"; exit 0; fi
fi
exec 9>&-

read -r line < "/proc/$$/stat"; line=${line##*) }
set -- $line; born=${20}
beat() {
    printf '%s, "pid": %s, "born": %s, "heartbeat": "%s"}\n' "${record%\}}" "$$" "$born" \
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
echo taken
prune
while read -r -t "$patience" _; do beat; done
rm -f lock.json 8>&-
"""

# Prints `free`, `held {json}` or `busy <job folders>`.
LOOK = r"""
cd -- "$1/.runbook" 2>/dev/null && [ -e lock ] || { echo free; exit 0; }
exec 8<lock
if ! flock -s -n 8; then echo "held $(cat lock.json 2>/dev/null 8>&-)"; exit 0; fi
exec 8<&-
[ -e jobs.lock ] || { echo free; exit 0; }
exec 9<jobs.lock
if flock -s -n 9 && exec 9<&- && exec 9<>jobs.lock && flock -n 9; then echo free; exit 0; fi
busy=
for file in jobs/*/*/pid; do
    job=${file%/pid}
    { [ -e "$file" ] && [ ! -e "$job/exit" ] && read -r pid _ < "$file" && pgrep -s "$pid" >/dev/null; } 9<&- \
        && busy+=" $job"
done
echo "busy$busy"
"""

# Ends the holder whose process number and start time were read, and leaves word of it for its run.
BREAK = r"""
umask 022
cd -- "$1/.runbook" || exit 1
pid=$2 born=$3 run_id=$4
IFS= read -r record
mkdir -p broken && printf '%s\n' "$record" > "broken/$run_id" || exit 1
if read -r line < "/proc/$pid/stat"; then
    line=${line##*) }; set -- $line
    if [ "${20}" = "$born" ]; then kill -TERM "$pid" || exit 1; fi
fi 2>/dev/null
exec 8<lock
flock -w 5 8 || { echo "the lock is still held"; exit 1; }
rm -f lock.json 8<&-
"""
