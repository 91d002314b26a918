# shellcheck shell=bash disable=SC2016
# Requests of users in an access log, a file on the server or what the containers of a service have written:
#   bash -s -- mark PROJECT PATH SERVICE
#   bash -s -- switched PROJECT PATH SERVICE MARKER
#   bash -s -- count PROJECT PATH SERVICE MARK FORMAT API APART SLOW AGENT BIN KEY…
# Follows compression.sh and rotated_log.sh. One of PATH and SERVICE is empty. `mark` prints where the log ends now,
# INODE SIZE SECONDS SUM; `switched` where it ended when the file MARKER was written; `count` counts from there.
# FORMAT is json, combined, traefik or caddy; API what the paths begin with that count; APART paths that do not, SLOW
# pieces of paths whose time does not; AGENT whose requests are not users'. KEYs of json: time, status, path, seconds,
# the likeliest first, with commas between. Prints `now`, `second` and `bin` lines, and `agents` where the lines name
# the clients' programs. Log text is never run.
set -o pipefail

readonly COUNT='
function raw(name,   at, rest) {
    # a quote inside a value is escaped: the name with its quotes cannot stand there, whatever a client sends
    at = index($0, "\"" name "\":"); if (!at) return ""
    rest = substr($0, at + length(name) + 3); sub(/^ +/, "", rest); sub(/^\[/, "", rest)
    if (substr(rest, 1, 1) == "\"") { rest = substr(rest, 2); sub(/".*/, "", rest) } else sub(/[],}].*/, "", rest)
    return rest
}
function one_of(names,   list, count, n, found) {
    count = split(names, list, ",")
    for (n = 1; n <= count; n++) { found = raw(list[n]); if (found != "") return found }
    return ""
}
function iso(text) {
    if (text ~ /^[0-9]+(\.[0-9]*)?$/) { sub(/\..*/, "", text); return "@" substr(text, 1, 10) }
    if (text ~ /^[0-9]+\/[A-Z][a-z][a-z]\//) return common(text)  # $time_local of nginx
    sub(/[.,][0-9]+/, "", text); sub(/ /, "T", text); gsub(/ /, "", text); return text  # 2026-11-28 10:00:00,123 +00:00
}
function common(text,   part) {  # 28/Nov/2026:10:00:00 +0000
    if (split(text, part, /[\/: ]/) != 7 || !(part[2] in months)) return ""
    return part[3] "-" months[part[2]] "-" part[1] "T" part[4] ":" part[5] ":" part[6] substr(part[7], 1, 3) ":" substr(part[7], 4)
}
function of_json() {
    at = iso(one_of(TIMES)); status = one_of(STATUSES) + 0; path = one_of(PATHS)
    took = one_of(SECONDS); agent = one_of("agent,user_agent,http_user_agent,request_User-Agent,User-Agent")
}
function of_text(   line, quoted, words, pieces, last) {
    # a quote that a client has sent is escaped
    line = $0; gsub(/\\\\/, "", line); gsub(/\\"/, "", line)
    pieces = split(line, quoted, "\""); at = quoted[1]; sub(/^[^[]*\[/, "", at); sub(/\].*/, "", at); at = common(at)
    split(quoted[2], words, " "); path = words[2]; split(quoted[3], words, " "); status = words[1] + 0
    agent = quoted[6]; took = ""
    # the time is what comes last, bare or quoted: never what the client calls itself, nor where it says that it comes from
    last = quoted[pieces]
    if (last !~ /[^ \t\r]/) last = pieces > 7 ? quoted[pieces - 1] : ""
    last = words[split(last, words, " ")]
    if (last ~ /^[0-9]+ms$/) took = last / 1000
    else if (last ~ /^([a-z_]+=)?[0-9]+\.[0-9]+$/) { took = last; gsub(/[^0-9.]/, "", took) }
}
BEGIN { for (n = split("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec", list, " "); n; n--) months[list[n]] = sprintf("%02d", n)
        split(APART, list, " "); for (n in list) apart[list[n]] = 1
        slow = split(SLOW, by_intent, " ") }
{ if ($0 ~ /^{/) { of_json(); if (FORMAT == "traefik" && took != "") took = took / 1e9 } else of_text()
  sub(/[?#].*/, "", path)
  if (index(path, API) != 1 || path in apart || status == 429 || status < 100 || at == "") next
  if (agent != "" && agent != "-") named = 1
  if (index(agent, AGENT)) next
  requests[at]++; if (status >= 500) errors[at]++
  if (took == "") next
  for (n = 1; n <= slow; n++) if (index(path, by_intent[n])) next
  bins[at " " int(took / BIN)]++ }
END { if (named) print "agents"
      for (at in requests) print "second", at, requests[at], errors[at] + 0, requests[at]
      for (bin in bins) print "bin", bin, bins[bin] }
'

now() { date -u +'now %Y-%m-%dT%H:%M:%S+00:00'; }

of_service() {
    local id ids
    ids=$(docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$1" \
        --filter "label=com.docker.compose.service=$2" --filter label=com.docker.compose.oneoff=False) || return 1
    [[ -n $ids ]] || { echo "there is no container of $2" >&2; return 1; }
    for id in $ids; do
        docker logs --since "$3" "$id" 2>&1 </dev/null || return 1
    done
}

main() {
    local verb=$1 project=$2 path=$3 service=$4 at='0 0' inode size since sum='0 0'
    if [[ $verb == mark ]]; then
        [[ -z $path || ! -e $path ]] || at=$(stat -c '%i %s' "$path") || return 1
        [[ -z $path || ! -e $path || -r $path ]] || { echo "$path may not be read" >&2; return 1; }
        [[ $at == '0 0' ]] || sum=$(sum_at "${at#* }" <"$path") || return 1
        since=$(date +%s.%N) since=${since%.%N}  # a date that knows no nanoseconds prints the letter
        echo "$at ${since%.} $sum"
        return
    fi
    if [[ $verb == switched ]]; then
        read_mark "$5" || { echo "$5 has no mark of a switch" >&2; return 1; }
        echo "$inode $size $since $sum"
        return
    fi
    read -r inode size since sum <<<"$5"
    now
    if [[ -n $path ]]; then of_file "$path" "$inode" "$size" "$since" "$sum"; else of_service "$project" "$service" "$since"; fi \
        | LC_ALL=C awk -v FORMAT="$6" -v API="$7" -v APART="$8" -v SLOW="$9" -v AGENT="${10}" -v BIN="${11}" \
            -v TIMES="${12}" -v STATUSES="${13}" -v PATHS="${14}" -v SECONDS="${15}" "$COUNT"
}

main "$@"; exit
