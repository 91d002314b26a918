# shellcheck shell=bash disable=SC2086,SC2034
# Who is on the server, whatever was done to the files of the lock; used by the programs that take, inspect and break it.
# Called with the lock's descriptors closed (8>&- 9>&-), or a child would keep the lock of a dead holder.

# Reads the living holder that lock.json names, other than this program, into pid, born and holder (its run).
holder() {
    local json line
    json=$(cat lock.json 2>/dev/null) && [[ $json =~ .*\"pid\":\ ([0-9]+),\ \"born\":\ ([0-9]+) ]] || return 1
    pid=${BASH_REMATCH[1]} born=${BASH_REMATCH[2]} holder=''
    [[ $json =~ \"run_id\":\ \"([^\"]*)\" ]] && holder=${BASH_REMATCH[1]}
    [ "$pid" != $$ ] && read -r line < "/proc/$pid/stat" || return 1
    line=${line##*) }; set -- $line
    # another start time: the id was reused, and that process is not the holder
    [ "$1" != Z ] && [ "${20}" = "$born" ]
} 2>/dev/null

# The folders of jobs whose processes live: whoever deletes jobs.lock does not end the jobs that hold it.
running_jobs() {
    local file job pid
    for file in jobs/*/*/pid; do
        job=${file%/pid}
        [ -e "$file" ] && [ ! -e "$job/exit" ] && read -r pid _ < "$file" && pgrep -s "$pid" >/dev/null && echo "$job"
    done 2>/dev/null
}
