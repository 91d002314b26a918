# shellcheck shell=bash disable=SC2086,SC2094
# Ends a job's supervisor, which ends the action's whole process group and writes the exit file.
cd -- "$1" 2>/dev/null || exit 0
[ -e exit ] && exit 0
# a busy server takes a while to begin it: what is not stopped here goes on
for _ in {1..100}; do [ -e pid ] && break; sleep 0.1; done
read -r pid born < pid || exit 0
if read -r line < "/proc/$pid/stat"; then
    line=${line##*) }; set -- $line
    [ "${20}" = "$born" ] || exit 0
    [ "$1" = Z ] || { kill -TERM "$pid"; exit 0; }
fi 2>/dev/null
# The supervisor was killed; what it had started still bears its session's number.
pkill -KILL -s "$pid"
exit 0
