# shellcheck shell=bash
# log_lines.sh LOG SINCE LONGEST MOST KEYS [KEY]: severe lines of a log and of all its rotated files that were written to since
# SINCE (seconds of 1970), oldest first. KEYS: under which lines of JSON have their time, a line each; KEY: which has the level.
# Follows compression.sh, line_times.sh and severe_lines.sh; TIME_ZONES is set before. Log text is never run, and cannot pass for
# one of our own lines: each line begins with a letter. N: seconds of 1970 by the clock that dates the lines; F: a file;
# B, E, S: its first and last dated line, and its longest silence in seconds; X: a severe line of JSON; D: a text line with
# a severe word and a time; U: one without a time; C: a line that dates its neighbours; G: what could not be read.
set -euo pipefail
log=$1 since=$2 longest=$3 most=$4
printf -v NOW '%(%s)T' -1
export TIME_KEYS=$5 LEVEL_KEY=${6:-} TIME_ZONES NOW NEAR=1
folder=$(dirname "$log") base=$(basename "$log")
stem=${base%.*} extension=.${base##*.}
readonly NO_LOG=66
exec 3</dev/null
# the file that is written now is held open: a rotation while we read must not take it away
if [[ -e $log ]]; then exec 3<"$log"; fi
held=$(stat -L -c %i "/proc/$$/fd/3")

# numbered, dated (`dateext`, any `dateformat`), with logrotate's `extension`, compressed, or in an `olddir` below
rotated() {
    find "$folder/" "$@" -type f \( -name "$base?*" -o -name "${stem}[-._]*[0-9]*$extension*" \) ! -inum "$held" \
        -newermt "@$((since - 3600))" -printf '%T@ %p\0'
}
mapfile -d '' -t found < <(rotated -maxdepth 1 && { rotated -mindepth 2 -maxdepth 2 2>/dev/null || true; } && printf 'end\0')
[[ ${#found[@]} -gt 0 && ${found[-1]} == end ]] || { echo "$folder cannot be listed" >&2; exit 1; }
unset 'found[-1]'
if ((${#found[@]} > 0)); then mapfile -d '' -t found < <(printf '%s\0' "${found[@]}" | sort -z -n); fi

content() {
    local tool=$1
    if [[ $tool == cat ]]; then cat; else "$tool" -dc; fi
}
severe() {
    LC_ALL=C awk -v LONGEST="$longest" "$TIMES$SEVERE"'
    { line = plain($0); sub(/\r$/, "", line); shown = substr(line, 1, LONGEST); at = time_in(shown) }
    at != "" {
        if (first == "") first = shown; else if (at - before > silence) silence = at - before
        before = at; last = shown
        if (wanted) { print "C " shown; wanted = 0 }
    }
    line ~ /^\{[ \t]*"/ { if (severe_json(line)) print "X " shown; next }
    # what nothing dates in itself is dated by its neighbours
    severe_text(line) || (index(line, "{") && severe_json(line)) {
        if (at != "") { print "D " shown; next }
        if (last != "") print "C " last
        print "U " shown; wanted = 1
    }
    END { if (first != "") { print "B " first; print "E " last; print "S " silence + 0 } }'
}
show() {
    local name=$1 tool
    name=${name//[$'\n\r']/?}  # a line feed in a name would begin a line of ours
    printf 'F %s\n' "$name"
    if [[ ! -r $2 ]]; then printf 'G %s: no access\n' "$name"; return; fi
    tool=$(tool_for "$2")
    if [[ $tool != cat ]] && ! command -v "$tool" >/dev/null; then
        printf 'G %s: %s is not installed\n' "$name" "$tool"
    # a log that was cut while its writer went on begins with a gap of NUL, however large, in front of its first line
    elif ! content "$tool" <"$2" | tr -d '\000' | severe; then
        printf 'G %s: cannot be read whole\n' "$name"
    fi
}

if [[ ! -e $log ]] && ((${#found[@]} == 0)); then exit "$NO_LOG"; fi
{
    echo "N $NOW"
    for one in ${found[@]+"${found[@]}"}; do show "${one#* }" "${one#* }"; done
    if [[ $(stat -L -c %F "/proc/$$/fd/3") != character* ]]; then show "$log" "/proc/$$/fd/3"; fi
    if [[ -e $log && $(stat -c %i "$log") != "$held" ]]; then show "$log" "$log"; fi
} | awk -v MOST="$most" '
    # the last of the lines, and every line about the files
    /^[NFGBES]/ { print; next }
    { kept[++n] = $0; if (n > MOST) delete kept[n - MOST] }
    END { if (n > MOST) print "G only the last " MOST " lines that may be severe were read, of " n
          for (i = (n > MOST ? n - MOST : 0) + 1; i <= n; i++) print kept[i] }'
