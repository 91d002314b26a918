# shellcheck shell=bash
# Prints `free`, `held {json}` or `busy <job folders>`.
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
