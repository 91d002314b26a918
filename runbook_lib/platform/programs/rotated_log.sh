# shellcheck shell=bash disable=SC2034,SC2329
# A log on the server from a mark on, whatever has rotated it since. Follows compression.sh.

# sum_at SIZE, a log on standard input: of the last bytes before SIZE, by which it is known again
sum_at() {
    local most=256
    (($1 >= most)) || most=$1
    tail -c "+$(($1 - most + 1))" | head -c "$most" | cksum
}
content() {
    local tool
    tool=$(tool_for "$1")
    if [[ $tool == cat ]]; then cat -- "$1"; else "$tool" -dc <"$1"; fi
}

# of_file LOG INODE SIZE SINCE SUM: the lines of a file since the mark, whatever rotated it: renamed and perhaps compressed
# (another inode, then), more than once, or copied and emptied, which leaves the inode and may have grown again since. Without
# a SUM it is known by the inode alone.
of_file() {
    local log=$1 inode=$2 size=$3 since=$4 sum=$5 one found=''
    if [[ -e $log && $(stat -c %i "$log") == "$inode" && $(stat -c %s "$log") -ge $size ]] \
        && [[ -z $sum || $(sum_at "$size" <"$log") == "$sum" ]]; then
        tail -c "+$((size + 1))" "$log"
        return
    fi
    # oldest first: what was written to after the mark. Where no log was there, there is nothing to go on with
    while [[ $inode != 0 ]] && IFS= read -r -d '' one; do
        one=${one#* }
        if [[ -n $found ]]; then content "$one"
        elif [[ $(stat -c %i "$one") == "$inode" ]] || { ((size)) && [[ -n $sum && $(content "$one" | sum_at "$size") == "$sum" ]]; }; then
            found=yes
            content "$one" | tail -c "+$((size + 1))"
        fi
    done < <(find "$(dirname "$log")" -maxdepth 1 -type f -name "$(basename "$log")?*" -newermt "@$((${since%.*} - 1))" -printf '%T@ %p\0' | sort -z -n)
    [[ ! -e $log ]] || cat "$log"
}

# read_mark MARKER: sets inode, size, since and sum of the mark in that file, and old: the addresses after them. One of an
# earlier version has no sum.
read_mark() {
    sum=''
    read -r inode size old 2>/dev/null <"$1" || return 1
    since=$(stat -c %.9Y "$1") || return 1
    [[ $old == sum=* ]] || return 0
    read -r sum old <<<"$old"
    sum=${sum#sum=} sum=${sum/-/ }
}
