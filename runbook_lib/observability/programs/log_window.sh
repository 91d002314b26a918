# shellcheck shell=bash disable=SC2154
# log_window.sh size|send SINCE UNTIL LONGEST MOST KEYS file PATH
# log_window.sh size|send SINCE UNTIL LONGEST MOST KEYS service PROJECT SERVICE…
# The lines of a log between two moments (seconds of 1970), its rotated files included, oldest first. Follows compression.sh,
# held_files.sh and line_times.sh, before which TIME_ZONES and NAMED_ZONES are set. KEYS: under which lines of JSON have their time, a line each.
# size: what there is, a line each. S: the log's state; F: bytes, name of a file; Z: percent of the size that compression
# leaves. send: the lines themselves, compressed, at most MOST bytes before that; of a line at most LONGEST bytes.
# On standard error, G: what could not be read. Log text is never run.
set -euo pipefail
mode=$1 since=$2 until=$3 longest=$4 most=$5 kind=$7
printf -v NOW '%(%s)T' -1
export TIME_KEYS=$6 TIME_ZONES NAMED_ZONES NOW
shift 7
readonly MARGIN=300 # seconds: lines are not quite in order, and clocks are not quite alike
readonly BLOCK=65536 SAMPLE=1000000 FIRST_LINES=500
readonly BROKEN_PIPE=141 # the reader had what it wanted: not a failure of who wrote
renice -n 10 $$ >/dev/null 2>&1 || true

gap() { printf 'G %s\n' "${1//[$'\n\r']/?}" >&2; }

log=''
state_of_path() {
    if [[ ! -e $log ]]; then
        if [[ -L $log ]]; then echo dangling; else echo missing; fi
    elif [[ -d $log ]]; then echo folder
    elif [[ ! -f $log ]]; then echo special # a pipe would be waited for, a device read for ever
    elif [[ ! -r $log ]]; then echo unreadable
    else echo ok; fi
}

# ── the window of one file ────────────────────────────────────────────────────────────────────────────────────────────
time_at() { # FILE OFFSET: the first time in the lines after the offset; nothing where there is none
    { tail -c "+$(($2 + 1))" "$1" || true; } 2>/dev/null | { head -c $BLOCK || true; } | LC_ALL=C awk "$TIMES"'
        NR > 1 { t = time_in($0); if (t != "") { printf "%d\n", t; exit } }' || true
}
# Where the lines of a moment begin, found by halving: a large file is not read to its end for its last hour.
offset_of() { # FILE SIZE MOMENT where ZEROS: "before" it surely, or "after" it surely
    local low=$5 high=$2 middle at
    while ((high - low > BLOCK)); do
        middle=$(((low + high) / 2))
        at=$(time_at "$1" "$middle")
        if [[ -z $at ]]; then # lines that nothing dates belong to the window: rather too much than too little
            if [[ $4 == before ]]; then high=$middle; else low=$middle; fi
        elif ((at < $3)); then low=$middle; else high=$middle; fi
    done
    if [[ $4 == before ]]; then echo "$low"; else echo "$high"; fi
}
# After copytruncate a writer that does not append goes on where it was: its file begins with zeros, and no line does there.
zeros_of() { # FILE: how many bytes of zeros it begins with; a few are a line of whoever wrote them
    local at=''
    if [[ -z $(head -c 64 "$1" | tr -d '\0') ]] && command -v cmp >/dev/null; then
        at=$({ LC_ALL=C cmp -- "$1" /dev/zero 2>/dev/null || true; } | sed -n 's/.* differ: [a-z]* \([0-9]*\),.*/\1/p')
    fi
    echo "$((${at:-1} - 1))"
}
window_of_plain() { # FILE SIZE: first byte, number of bytes, and where the first line begins
    local first last zeros
    zeros=$(zeros_of "$1")
    first=$(offset_of "$1" "$2" $((since - MARGIN)) before "$zeros")
    last=$(offset_of "$1" "$2" $((until + MARGIN)) after "$zeros")
    if ((last < first)); then last=$first; fi
    echo "$first $((last - first)) $zeros"
}
# No text has zeros. They are what a file system leaves where a log was cut, or where the power failed while it was written:
# the next line begins behind them.
bounded() { tr -s '\000' '\n' | LC_ALL=C cut -b "-$longest"; }
piece() { # FILE FIRST BYTES ZEROS; a beginning in the middle of a line is moved to the next one
    if (($2 == $4)); then
        { tail -c "+$(($2 + 1))" "$1" 2>/dev/null || true; } | { head -c "$3" || true; } | bounded
    else
        { tail -c "+$2" "$1" 2>/dev/null || true; } | { head -c "$(($3 + 1))" || true; } | bounded | tail -n +2
    fi
}
unpacked() { # TOOL FILE NAME
    local tool_code=0
    "$1" -dc <"$2" 2>/dev/null || tool_code=$?
    if ((tool_code != 0 && tool_code != BROKEN_PIPE && tool_code != 2)); then gap "$3: cannot be read whole"; fi
}
window_of_packed() { # TOOL FILE NAME
    { unpacked "$@" || true; } | bounded | LC_ALL=C awk -v SINCE=$((since - MARGIN)) \
        -v UNTIL=$((until + MARGIN)) "$TIMES"'
        !begun || NR % 64 == 0 { t = time_in($0); if (t != "") { dated = 1; if (t >= SINCE) begun = 1; if (t > UNTIL) exit } }
        # as in a plain file: what nothing dates is rather too much than too little
        begun || !dated { print }' || true
}
lines_of_file() { # NUMBER
    local file name=${names[$1]} tool size first bytes zeros
    file=$(file_of "$1")
    tool=$(tool_for "$file")
    if [[ $tool == cat ]]; then
        size=$(bytes_in "$file")
        read -r first bytes zeros < <(window_of_plain "$file" "$size")
        if ((bytes > 0)); then piece "$file" "$first" "$bytes" "$zeros"; fi
    elif ! command -v "$tool" >/dev/null; then
        gap "$name: $tool is not installed"
    else
        window_of_packed "$tool" "$file" "$name"
    fi
}
bytes_of_file() { # NUMBER
    local file size
    file=$(file_of "$1")
    if [[ $(tool_for "$file") == cat ]]; then
        size=$(bytes_in "$file")
        window_of_plain "$file" "$size" | cut -d ' ' -f 2
    else
        lines_of_file "$1" | wc -c
    fi
}
lines_of_files() { local number; for number in ${fds[@]+"${!fds[@]}"}; do lines_of_file "$number"; done; }

# ── what containers wrote, as Docker keeps it ─────────────────────────────────────────────────────────────────────────
containers=()
find_containers() { # PROJECT SERVICE…
    local project=$1 service ids
    shift
    for service; do
        ids=$(docker ps --all --quiet --filter "label=com.docker.compose.project=$project" \
            --filter "label=com.docker.compose.service=$service")
        # one id a line, and nothing else in it
        for one in $ids; do containers+=("$one"); done
    done
}
# A log whose lines have no time of their own gets Docker's, and so does one whose own leave out the year, the zone or the
# day. Where some have one, the others belong to them, as those of a traceback do; and an object of JSON is one only without
# a time in front.
undated() { # CONTAINER
    { docker logs --since "$since" --until "$until" "$1" 2>&1 || true; } | { head -n $FIRST_LINES || true; } | LC_ALL=C awk "$TIMES"'
        function whole_time(line) { return line !~ /^(<[0-9]+>)?[A-Z][a-z][a-z] [ 0-9][0-9] [0-9:]+ / && !own_head(line) && time_in(line) != "" }
        /^[ \t]*[{]/ || whole_time($0) { dated = 1; exit } END { exit dated }'
}
lines_of_containers() {
    local one dates why
    for one in ${containers[@]+"${containers[@]}"}; do
        # for no line at first: of a driver that nothing reads (none), the client's own error would be a line of the log
        why=$(docker logs --tail 0 "$one" 2>&1) || { gap "container $one: its log cannot be read (${why##*$'\n'})"; continue; }
        dates=(); if undated "$one"; then dates=(--timestamps); fi
        { docker logs ${dates[@]+"${dates[@]}"} --since "$since" --until "$until" "$one" 2>&1 \
            || gap "container $one: its log cannot be read"; } | sed '1{/^WARNING: Error loading config file: /d;}' | bounded
    done
}

lines() { if [[ $kind == file ]]; then lines_of_files; else lines_of_containers; fi; }

if [[ $kind == file ]]; then
    log=$1
    state=$(state_of_path)
    if [[ $state == ok || $state == missing || $state == unreadable ]]; then
        if ! hold_log $((since - MARGIN)); then gap "$log: rotated again and again while it was opened"; fi
        if ((${#fds[@]} > 0)); then state=ok; fi
    fi
else
    find_containers "$@"
    state=missing
    if ((${#containers[@]} > 0)); then state=ok; fi
fi

if [[ $mode == send ]]; then
    { lines || true; } | { head -c "$most" || true; if (($(head -c 1 | wc -c))); then gap "more than $most bytes: the rest is not read"; fi; } | gzip -1 -c
    if [[ $kind == file ]] && was_cut; then gap "$log: cut while it was read, as copytruncate does: lines may be missing; run again"; fi
    exit
fi
echo "S $state"
if [[ $kind == file ]]; then
    for number in ${fds[@]+"${!fds[@]}"}; do
        name=${names[$number]//[$'\n\r']/?}
        echo "F $(bytes_of_file "$number") $name"
    done
else
    for one in ${containers[@]+"${containers[@]}"}; do
        echo "F $( (containers=("$one"); lines_of_containers) | wc -c) container $one"
    done
fi
sample=$({ lines || true; } 2>/dev/null | { head -c $SAMPLE || true; } | wc -c)
packed=$({ lines || true; } 2>/dev/null | { head -c $SAMPLE || true; } | gzip -1 -c | wc -c)
if ((sample > 0)); then echo "Z $((100 * packed / sample + 1))"; fi
