# shellcheck shell=bash disable=SC1007,SC2086,SC2012
# Prints one line: `taken`, `held {json}`, `busy <job folders>` or `broken {json}`; then lives until its input ends or
# falls silent. Children get no lock descriptor (8>&-), or a sleeping child would keep the lock of a dead holder.
# Whoever holds the lock prunes: job folders of finished runs go after keep_days, the newest keep_runs never. A job
# without an exit file is still running, or its outcome was never reconciled: its run's folder stays.
set -u; umask 022
directory=$1 run_id=$2 silence_s=$3 keep_runs=$4 keep_days=$5
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
    # no job at all: it ended while the folders were read, and the lock is free now
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
while read -r -t "$silence_s" _; do beat; done
rm -f lock.json 8>&-
