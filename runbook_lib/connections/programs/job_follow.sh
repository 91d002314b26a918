# shellcheck shell=bash disable=SC2086,SC2094
# Prints a job's new output as frames (connections/jobs/frames.py) until the job has ended or the client is gone.
folder=$1 out=$2 err=$3 most=131072 pause=0.01 tries=500
cd -- "$folder" 2>/dev/null || { echo "gone"; exit 0; }
alive() {
    local line
    read -r pid born < pid 2>/dev/null || { [ $((tries -= 1)) -gt 0 ]; return; }
    read -r line < "/proc/$pid/stat" || return 1
    line=${line##*) }; set -- $line
    [ "$1" != Z ] && [ "${20}" = "$born" ]
} 2>/dev/null
emit() {
    local size
    # most jobs print nothing for most of their time, and to ask for a size starts a program
    [ -s "$1" ] || return 0
    size=$(stat -c %s -- "$1" 2>/dev/null) || return 0
    [ "$size" -gt "$2" ] || return 0
    local from=$2
    [ $((size - from)) -le $most ] || from=$((size - most))
    echo "$1 $from $((size - from))"
    tail -c "+$((from + 1))" -- "$1" | head -c $((size - from))
    eval "$1=$size"
}
while :; do
    # before the output is read: what was written before the end must not be lost
    ended=''; [ -e exit ] && ended=yes
    lives=yes; alive || lives=''
    emit out "$out"; emit err "$err"
    if [ -n "$ended" ]; then echo "exit $(cat exit)"; exit 0; fi
    if [ -z "$lives" ] && [ ! -e exit ]; then echo "dead"; exit 0; fi
    # Reading doubles as sleeping: end-of-file means that the client is gone.
    read -r -t "$pause" _; [ $? -gt 128 ] || exit 0
    case $pause in 0.01) pause=0.02;; 0.02) pause=0.05;; 0.05) pause=0.1;; 0.1) pause=0.2;; *) pause=0.3;; esac
done
