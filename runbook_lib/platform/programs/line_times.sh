# shellcheck shell=bash disable=SC2016,SC2034
# When a line of a log was written, in awk: `time_in(line)` gives seconds since 1970, "" where the line has no time. facts/line_heads.py
# knows the same forms. Set before: TIME_KEYS, under which lines of JSON have their time, a line each, the likeliest first;
# TIME_ZONES, abbreviations and their seconds east of UTC, a line each, `?` where several zones share one, so that the time is
# not known; NAMED_ZONES, a line each as facts/time_zones.py makes them, may be missing: lines with a name as Europe/Berlin have
# no time then; NOW, seconds since 1970, for times without a year. With NEAR=1 a zone that is not known is taken for UTC: enough
# for how far lines are apart.
# A time without a zone is in UTC. Where a line has its time decides: clients write dates, too, into queries, user names and
# messages, and whoever takes those for the line's time looks for the window in the wrong place.
readonly TIMES='
function seconds(y, m, d, clock, zone) {
    if (m < 3) { y--; m += 12 }
    return (365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * (m - 3) + 2) / 5) + d - 719469) * 86400 + seconds_of_day(clock, zone)
}
function seconds_of_day(clock, zone,   t) {
    t = substr(clock, 1, 2) * 3600 + substr(clock, 4, 2) * 60 + substr(clock, 7, 2)
    if (zone == "") return t
    if (zone ~ /^[+-]/)
        t -= (substr(zone, 1, 1) "1") * (substr(zone, 2, 2) * 3600 + (length(zone) > 3 ? substr(zone, length(zone) - 1) * 60 : 0))
    else t -= east[zone]
    return t
}
function read_zones(   lines, number, i, fields) {
    number = split(ENVIRON["TIME_ZONES"], lines, "\n")
    for (i = 1; i <= number; i++) if (split(lines[i], fields, " ") == 2) east[fields[1]] = fields[2]
    number = split(ENVIRON["NAMED_ZONES"], lines, "\n")
    for (i = 1; i <= number; i++) if (split(lines[i], fields, " ") > 2) named[fields[1]] = lines[i]
    zones_read = 1
}
function named_time(t, zone,   number, i, fields, shift) { # of a zone whose hours change: "" before it is known
    number = split(zone, fields, " ")
    shift = fields[3]
    if (t - shift < fields[2]) return ""
    for (i = 4; i < number; i += 2) if (t - shift >= fields[i]) shift = fields[i + 1]
    return t - shift
}
function zone_in(rest,   sign) { # by its first sign: of most lines that is enough
    if (match(rest, /^[.,][0-9]+/)) rest = substr(rest, RLENGTH + 1)
    if (substr(rest, 1, 1) == " ") rest = substr(rest, 2)
    sign = substr(rest, 1, 1)
    if (sign == "" || sign == "Z") return ""
    if (sign == "+" || sign == "-") {
        if (match(rest, /^[+-][0-9][0-9]:?[0-9][0-9]/)) return substr(rest, 1, RLENGTH)
        if (match(rest, /^[+-][0-9][0-9]/)) return substr(rest, 1, RLENGTH) # a zone without a name, as PostgreSQL writes it
    }
    if (!zones_read) read_zones()
    if (match(rest, /^[A-Za-z]+/) && (substr(rest, 1, RLENGTH) in east)) return substr(rest, 1, RLENGTH)
    return ""
}
function iso_in(text) { # of the first date in it
    if (!match(text, /[0-9][0-9][0-9][0-9][-\/][0-9][0-9][-\/][0-9][0-9][T ][0-9][0-9]:[0-9][0-9]:[0-9][0-9]/)) return ""
    return iso_at(substr(text, RSTART, 60))
}
function iso_at(text,   day, zone) { # of the date with which it begins
    zone = zone_in(substr(text, 20, 40))
    if (zone != "" && east[zone] == "?") return ""
    day = substr(text, 1, 10)
    if (!(day in begins)) begins[day] = seconds(substr(day, 1, 4) + 0, substr(day, 6, 2) + 0, substr(day, 9, 2) + 0, "", "")
    return begins[day] + seconds_of_day(substr(text, 12, 8), zone)
}
function since_1970(digits) { # seconds, or parts of them, which their number of digits tells; "" for any other number
    if (digits !~ /^[0-9]+$/ || length(digits) < 9 || length(digits) > 19 || (length(digits) > 9 && length(digits) % 3 != 1)) return ""
    return substr(digits, 1, length(digits) == 9 ? 9 : 10) + 0
}
function json_time(line,   i, rest, place) { # inside a value quotes are escaped, so it holds no key
    if (!time_keys) time_keys = split(ENVIRON["TIME_KEYS"], time_key, "\n")
    for (i = 1; i <= time_keys; i++) {
        rest = line
        while ((place = index(rest, "\"" time_key[i] "\"")) > 0) {
            rest = substr(rest, place + length(time_key[i]) + 2)
            if (!match(rest, /^[ \t]*:[ \t]*"?/)) continue
            rest = substr(rest, RLENGTH + 1, 60)
            if (rest ~ /^[0-9][0-9][0-9][0-9][-\/]/) return iso_in(substr(rest, 1, 40))
            if (rest ~ /^[0-9][0-9]\/[A-Z]/) return access_time("[" substr(rest, 1, 30)) # of nginx
            if (match(rest, /^[0-9]+/) && since_1970(substr(rest, 1, RLENGTH)) != "") return since_1970(substr(rest, 1, RLENGTH))
            break
        }
    }
    return ""
}
function month(name) { return (index("JanFebMarAprMayJunJulAugSepOctNovDec", name) + 2) / 3 }
function access_time(head,   t, rest) { # the last one before the request: a user may be called like a date
    while (match(head, /\[[0-9][0-9]\/[A-Z][a-z][a-z]\/[0-9][0-9][0-9][0-9]:[0-9][0-9]:[0-9][0-9]:[0-9][0-9] /)) {
        t = substr(head, RSTART + 1, 20); rest = substr(head, RSTART + 21); head = rest
    }
    if (t == "") return ""
    return seconds(substr(t, 8, 4) + 0, month(substr(t, 4, 3)), substr(t, 1, 2) + 0, substr(t, 13), zone_in(rest))
}
# a time without a year: of the last year in which it is not in the future, a zone ahead of UTC allowed for
function in_last_year(m, d, clock,   y, t) {
    if (m < 1 || m > 12 || m != int(m)) return ""
    for (y = 1971 + int(ENVIRON["NOW"] / 31556952); y > 1960; y--) {
        if (m == 2 && d == 29 && (y % 4 || (y % 100 == 0 && y % 400))) continue
        t = seconds(y, m, d, clock, "")
        if (t <= ENVIRON["NOW"] + 86400) return t
    }
    return ""
}
function php_time(line,   rest, zone, t, in_utc) { # [29-Nov-2026 06:10:11 UTC], with parts of a second or without a zone
    rest = substr(line, 22); sub(/^[.][0-9]+/, "", rest)
    if (match(rest, /^ [A-Za-z][A-Za-z0-9_\/+-]*\]/)) zone = substr(rest, 2, RLENGTH - 2)
    else if (rest !~ /^\]/) return ""
    if (zone != "" && !zones_read) read_zones()
    t = seconds(substr(line, 9, 4) + 0, month(substr(line, 5, 3)), substr(line, 2, 2) + 0, substr(line, 14, 8), "")
    if (zone == "") return t
    if (zone in east && east[zone] != "?") return t - east[zone]
    if (zone in named && (in_utc = named_time(t, named[zone])) != "") return in_utc
    return ENVIRON["NEAR"] == "" ? "" : t
}
function ctime_in(line,   t) { # [Sun Nov 29 06:10:11.123456 2026] of Apache and uWSGI
    if (!match(line, /\[[A-Z][a-z][a-z] [A-Z][a-z][a-z] [ 0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9]([.][0-9]+)? [0-9][0-9][0-9][0-9]\]/)) return ""
    t = substr(line, RSTART, RLENGTH)
    return seconds(substr(t, length(t) - 4, 4) + 0, month(substr(t, 6, 3)), substr(t, 10, 2) + 0, substr(t, 13, 8), "")
}
# Whether it begins in a way of its own, without a date as ISO 8601 has it; its time is set to `found`, "" where it has none.
function own_head(line,   t) {
    found = ""
    if (line ~ /^\[[0-9][0-9]-[A-Z][a-z][a-z]-[0-9][0-9][0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9]/) found = php_time(line)
    else if (line ~ /^(\[[A-Z][a-z][a-z] [A-Z][a-z][a-z] |[*][*][*] Starting uWSGI |\[pid: [0-9]+[|])/) found = ctime_in(line)
    else if (line ~ /^[IWEFD][0-9][0-9][0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9][.][0-9]/)
        found = in_last_year(substr(line, 2, 2) + 0, substr(line, 4, 2) + 0, substr(line, 7, 8))
    else return line ~ /^\[[0-9][0-9]:[0-9][0-9]:[0-9][0-9]([.][0-9]+)? (VRB|DBG|INF|WRN|ERR|FTL)\]/ # of Serilog: no day
    return 1
}
function number_at_begin(line,   t) { # seconds since 1970 of the last year: an older one is a count or an id
    if (line !~ /^\[?[0-9]/ || !match(line, /^\[?[0-9]+([.][0-9]+)?[]:]?[ \t]/)) return ""
    t = substr(line, 1, RLENGTH); sub(/^\[/, "", t); sub(/[^0-9].*/, "", t)
    if (length(t) < 10 || (t = since_1970(t)) == "") return ""
    return t > ENVIRON["NOW"] - 366 * 86400 && t < ENVIRON["NOW"] + 86400 ? t : ""
}
function time_in(line,   t, quote) {
    if (line ~ /^[ \t]*\{/) return json_time(line)
    line = substr(line, 1, 600)
    if (line ~ /^[^0-9A-Za-z]*[0-9][0-9][0-9][0-9][-\/][0-9][0-9][-\/]/) return iso_in(line)
    if (own_head(line)) return found
    quote = index(line, "\"")
    t = access_time(quote ? substr(line, 1, quote - 1) : line)
    if (t != "") return t
    # behind the time of syslog, which has no year, the time of a program counts only where its message begins with it
    if (match(line, /^(<[0-9]+>)?[A-Z][a-z][a-z] [ 0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9] /)) {
        if (line ~ /^(<[0-9]+>)?[A-Z][a-z][a-z] [ 0-9][0-9] [0-9:]+ [^ ]+ [^ ]+: [\[(]?[0-9][0-9][0-9][0-9][-\/]/) return iso_in(line)
        t = substr(line, RLENGTH - 15, 15)
        return in_last_year(month(substr(t, 1, 3)), substr(t, 5, 2) + 0, substr(t, 8, 8))
    }
    if (line !~ /^[^ ]+ [\[(]?[0-9][0-9][0-9][0-9][-\/][0-9][0-9][-\/]/ && (t = number_at_begin(line)) != "") return t
    return iso_in(substr(line, 1, 120)) # further on it is rather one of the message
}'
