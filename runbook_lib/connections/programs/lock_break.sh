# shellcheck shell=bash disable=SC2086
# Ends the holder whose process id and start time were read, and leaves a record of it for its run.
umask 022
cd -- "$1/.runbook" || exit 1
pid=$2 born=$3 run_id=$4
IFS= read -r record
mkdir -p broken && printf '%s\n' "$record" > "broken/$run_id" || exit 1
if read -r line < "/proc/$pid/stat"; then
    line=${line##*) }; set -- $line
    # another start time: the id was reused, and that process is not the holder
    if [ "${20}" = "$born" ]; then kill -TERM "$pid" || exit 1; fi
fi 2>/dev/null
exec 8>>lock || exit 1
flock -w 5 8 || { echo "the lock is still held"; exit 1; }
rm -f lock.json 8<&-
