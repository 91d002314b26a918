# shellcheck shell=bash disable=SC2154
# log_lines.sh LOG SINCE LONGEST MOST KEYS [KEY]: severe lines of a log and of all its rotated files that were written to since
# SINCE (seconds of 1970), oldest first. KEYS: under which lines of JSON have their time, a line each; KEY: which has the level.
# Follows compression.sh, held_files.sh, line_times.sh and severe_lines.sh; TIME_ZONES is set before. Log text is never run, and cannot pass for
# one of our own lines: each line begins with a letter. N: seconds of 1970 by the clock that dates the lines; F: a file;
# B, E, S: its first and last dated line, and its longest silence in seconds; X: a severe line of JSON; D: a text line with
# a severe word and a time; U: one without a time; C: a line that dates its neighbours; G: what could not be read.
set -euo pipefail
log=$1 since=$2 longest=$3 most=$4
printf -v NOW '%(%s)T' -1
export TIME_KEYS=$5 LEVEL_KEY=${6:-} TIME_ZONES NOW NEAR=1
readonly NO_LOG=66 HOUR=3600
gaps=()
gap() { gaps+=("$1"); }
one_line() { echo "${1//[$'\n\r']/?}"; } # a line feed in a name would begin a line of ours

content() {
    local tool=$1
    if [[ $tool == cat ]]; then cat; else "$tool" -dc; fi
}
# Dating a line costs as much as finding out whether it is severe. So of lines that are no half an hour apart only some are
# dated, and all those next to what is asked for: a shorter silence is none that logs.py compares.
readonly HALF_AN_HOUR=1800 UNDATED_LINES=32
severe() {
    LC_ALL=C awk -v LONGEST="$longest" -v SHORT=$HALF_AN_HOUR -v MOST=$UNDATED_LINES "$TIMES$SEVERE"'
    function dated(at, text) {
        if (first == "") first = text; else if (at - before > silence) silence = at - before
        before = at; last = text
        if (wanted) { print "C " text; wanted = 0 }
    }
    function date_all(   i, at) {
        for (i = 1; i <= waiting; i++) if ((at = time_in(waits[i])) != "") dated(at, waits[i])
        waiting = 0
    }
    function date_some(   at) {
        at = time_in(waits[waiting])
        if (at == "" || at < before || at - before > SHORT) { date_all(); return }
        before = at; last = waits[waiting]; waiting = 0
    }
    { line = plain($0); sub(/\r$/, "", line); shown = substr(line, 1, LONGEST); waits[++waiting] = shown }
    first == "" || wanted { date_all() }
    waiting >= MOST { date_some() }
    line ~ /^\{[ \t]*"/ { if (severe_json(line)) print "X " shown; next }
    # what nothing dates in itself is dated by its neighbours
    severe_text(line) || (index(line, "{") && severe_json(line)) {
        date_all()
        if (time_in(shown) != "") { print "D " shown; next }
        if (last != "") print "C " last
        print "U " shown; wanted = 1
    }
    END { date_all(); if (first != "") { print "B " first; print "E " last; print "S " silence + 0 } }'
}
show() { # NAME FILE
    local name tool
    name=$(one_line "$1")
    printf 'F %s\n' "$name"
    tool=$(tool_for "$2")
    if [[ $tool != cat ]] && ! command -v "$tool" >/dev/null; then
        printf 'G %s: %s is not installed\n' "$name" "$tool"
    # where a log was cut while its writer went on, or the power failed, there is a gap of NUL, however large: a line begins
    # behind it
    elif ! content "$tool" <"$2" | tr -s '\000' '\n' | severe; then
        printf 'G %s: cannot be read whole\n' "$name"
    fi
}
show_new() { # what was begun while the others were read
    if [[ ! -e $log ]] || is_held "$(stat -L -c %i "$log")"; then return 0; fi
    if [[ -r $log ]]; then show "$log" "$log"; else gap "$log: no access"; fi
}

if ! hold_log $((since - HOUR)); then gap "$log: rotated again and again while it was opened"; fi
if [[ ! -e $log ]] && ((${#fds[@]} + ${#gaps[@]} == 0)); then exit "$NO_LOG"; fi
{
    echo "N $NOW"
    for number in ${fds[@]+"${!fds[@]}"}; do show "${names[$number]}" "$(file_of "$number")"; done
    show_new
    if was_cut; then gap "$log: cut while it was read, as copytruncate does: lines may be missing; run again"; fi
    for one in ${gaps[@]+"${gaps[@]}"}; do printf 'G %s\n' "$(one_line "$one")"; done
} | awk -v MOST="$most" '
    # the last of the lines, and every line about the files
    /^[NFGBES]/ { print; next }
    { kept[++n] = $0; if (n > MOST) delete kept[n - MOST] }
    END { if (n > MOST) print "G only the last " MOST " lines that may be severe were read, of " n
          for (i = (n > MOST ? n - MOST : 0) + 1; i <= n; i++) print kept[i] }'
