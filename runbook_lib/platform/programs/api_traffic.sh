# shellcheck shell=bash disable=SC2016
# Requests to the API in nginx's own log since the switch: bash -s -- MARKER LOG APART OLD API SLOW AGENT BIN
# Follows compression.sh and rotated_log.sh. The file MARKER begins with INODE SIZE and the log's sum there (not in one of
# an earlier version), then the addresses whose answers do not count; OLD is given in their place where it is not empty.
# APART, SLOW, AGENT and BIN as in user_requests.sh. Prints `now`, `second` and `bin` lines; 66 without a marker.
set -o pipefail

# Values are JSON-escaped by nginx: `"status":` cannot stand inside one, whatever a client sends.
readonly COUNT='
function field(name,   at, rest) {
    at = index($0, "\"" name "\":"); if (!at) return ""
    rest = substr($0, at + length(name) + 3)
    if (substr(rest, 1, 1) == "\"") { rest = substr(rest, 2); sub(/".*/, "", rest) } else sub(/[,}].*/, "", rest)
    return rest
}
BEGIN { split(HEALTH, list, " "); for (n in list) apart[list[n]] = 1
        slow = split(SLOW, by_intent, " ")
        split(OLD, list_of_old, " "); for (n in list_of_old) old[list_of_old[n]] = 1 }
{ path = field("path"); status = field("status") + 0
  if (index(path, API) != 1 || path in apart || status == 429 || status < 100) next
  backend = field("upstream"); sub(/.*, /, "", backend); sub(/:[0-9]+$/, "", backend); if (backend in old) next
  at = field("time"); requests[at]++; if (status >= 500) errors[at]++; external[at] += index(field("agent"), OURS) != 1
  for (n = 1; n <= slow; n++) if (index(path, by_intent[n])) next
  bins[at " " int(field("seconds") / BIN)]++ }
END { for (at in requests) print "second", at, requests[at], errors[at] + 0, external[at] + 0
      for (bin in bins) print "bin", bin, bins[bin] }
'

main() {
    local inode size old since sum
    [[ -e $1 ]] || return 66
    read_mark "$1" || return 1
    date -u +'now %Y-%m-%dT%H:%M:%S+00:00'
    of_file "$2" "$inode" "$size" "$since" "$sum" \
        | LC_ALL=C awk -v HEALTH="$3" -v OLD="${4:-$old}" -v API="$5" -v SLOW="$6" -v OURS="$7" -v BIN="$8" "$COUNT"
}

main "$@"; exit
