# shellcheck shell=bash disable=SC2154  # the variables come from job_supervisor.sh
action 5>&- <&7 >>out 2>>err &
child=$!
exec 7<&-
# A process id may be reused: the start time shows whether it is still this supervisor.
( sleep "$limit_s"; [ "$(start_time $$)" = "$mine" ] && kill -USR1 $$ ) 5>&- 8>&- >/dev/null 2>&1 &
timer=$!

# a trap ends `wait` early: only an uninterrupted one returns the child's own exit code
while :; do
    interrupted=''
    wait "$child"; code=$?
    [ -n "$interrupted" ] || break
done
kill -KILL -- "-$timer" 2>/dev/null
finish "$code"
