# shellcheck shell=bash disable=SC2034,SC2329,SC2154
# The user's crontab, of which our lines are one block between two markers. The program that follows sets $begin and $end,
# the markers of its project, and $folder: markers that versions up to 0.2 wrote name no project, and such a block is ours
# where its lines start programs of that folder. $units is the folder of the user's units of systemd.

# read_crontab: into $crontab, byte for byte; empty with $has_crontab 0 where the user has none yet. Fails with
# $crontab_problem for any other reason: what could not be read must never be taken for empty, and written back.
read_crontab() {
    local code
    crontab='' has_crontab=0 crontab_problem=''
    crontab=$(LC_ALL=C crontab -l 2>/dev/null; printf '/%s' "$?")
    code=${crontab##*/} crontab=${crontab%/*}
    if [[ $code == 0 ]]; then has_crontab=1; return 0; fi
    crontab_problem=$(LC_ALL=C crontab -l 2>&1 >/dev/null | tr -c '[:print:]' ' ' | cut -c1-300)
    # busybox names the file that is not there
    if [[ ${crontab_problem,,} == *'no crontab'* || $crontab_problem == *"can't open"*'No such file or directory'* ]]; then
        crontab='' crontab_problem=''
        return 0
    fi
    crontab_problem=${crontab_problem:-crontab -l ended with status $code}
    return 1
}

# edited BLOCK, a crontab on standard input: the same with BLOCK in the place of ours, at its end where there was none; without
# BLOCK no block at all. With `own` as the second word: our blocks alone. Status 3: markers without a partner, or another
# project's between ours. Every other line stays byte for byte; an editor on Windows may have put CR at the ends of ours.
edited() {
    BLOCK=$1 ONLY=${2:-} BEGIN=$begin END=$end FOLDER=$folder/ LC_ALL=C awk '
        function kind(text) {
            sub(/\r$/, "", text)
            return text == ENVIRON["BEGIN"] ? "begin" : text == ENVIRON["END"] ? "end" \
                : text ~ /^# BEGIN [a-z0-9]+ schedules: written by notebook 34; / ? "old-begin" \
                : text ~ /^# END [a-z0-9]+ schedules$/ ? "old-end" : text ~ /^# (BEGIN|END) schedules of / ? "other" : ""
        }
        BEGIN { pattern = ENVIRON["FOLDER"]; gsub(/[.]/, "[.]", pattern) }
        { line[NR] = $0; what[NR] = kind($0) }
        END {
            for (n = 1; n <= NR; n++) {
                if (what[n] ~ /begin$/) { if (open || seen[what[n]]++) exit 3; open = n; named = 0 }
                else if (what[n] ~ /end$/) {
                    if (!open || what[open] != (what[n] == "end" ? "begin" : "old-begin")) exit 3
                    # an old block names no project: it is ours where it starts programs of our folder
                    if (what[n] == "end" || named) for (m = open; m <= n; m++) ours[m] = 1
                    open = 0
                }
                else if (what[n] == "other" && open) exit 3
                # a word that begins with our folder: the folder of another may end like ours
                else if (open && match(" " line[n], "[ \t]" pattern)) named = 1
            }
            if (open) exit 3
            for (n = 1; n <= NR; n++) {
                if (ENVIRON["ONLY"] == "own") { if (ours[n]) print line[n]; continue }
                if (!ours[n]) print line[n]
                else if (!placed) { printf "%s", ENVIRON["BLOCK"]; placed = 1 }
            }
            if (!placed && ENVIRON["ONLY"] != "own") printf "%s", ENVIRON["BLOCK"]
        }'
}

# own_blocks, a crontab on standard input: our lines of it, in the form of this version and of earlier ones
own_blocks() { edited '' own; }

# old_unit NAME: the units of a job in $units, without their suffix, as versions up to 0.2 named them for any project: ours
# where they start the program in our folder. Nothing, and 1, without any.
old_unit() {
    local one
    for one in "$units"/*"-$1.service"; do
        if [[ ${one##*/} != "runbook-$project-$1.service" ]] && grep -qsxF "ExecStart=$folder/$1" -- "$one" \
            && grep -qsxF TimeoutStartSec=6h -- "$one"; then
            one=${one##*/}; printf '%s' "${one%.service}"; return 0
        fi
    done
    return 1
}
