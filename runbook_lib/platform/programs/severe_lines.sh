# shellcheck shell=bash disable=SC2034
# Which lines of a log may be severe, in awk: the last word has log_lines.py, which reads the same names. $LEVEL_KEY: the
# key of JSON that has the level, where the environment file names one; else the usual ones.
readonly SEVERE='
function plain(line) { # without what terminals make colours of
    if (index(line, "\033")) gsub(/\033\[[0-9;:]*[A-Za-z]/, "", line)
    return line
}
# the value behind a key: a word, a number (50 and 50.0 are one), or an object that names it, as loguru and log4j2 write it
function severe_json_value(rest) {
    return rest ~ /^[ \t]*:[ \t]*("[ \t]*(error|err|eror|critical|crit|fatal|d?panic|alert|emerg|emergency|severe)[ \t]*"|"?[ \t]*([56]0|[0-3])([.]0+)?[ \t]*"?[ \t,}]|[{][^{}]*"(name|label|text|value|standardlevel)"[ \t]*:[ \t]*"[ \t]*(error|err|eror|critical|crit|fatal|d?panic|alert|emerg|emergency|severe)[ \t]*")/
}
# in JSON, also behind a text in front of it; numbers are those of bunyan and pino, and of syslog
function severe_json(line,   key, place) {
    line = tolower(line); key = tolower(ENVIRON["LEVEL_KEY"])
    # key and value in one expression: it is tried at each line
    if (key == "") return line ~ /"(level|levelname|severity|lvl|level_name|loglevel|log[.]level|@l)"[ \t]*:[ \t]*("[ \t]*(error|err|eror|critical|crit|fatal|d?panic|alert|emerg|emergency|severe)[ \t]*"|"?[ \t]*([56]0|[0-3])([.]0+)?[ \t]*"?[ \t,}]|[{][^{}]*"(name|label|text|value|standardlevel)"[ \t]*:[ \t]*"[ \t]*(error|err|eror|critical|crit|fatal|d?panic|alert|emerg|emergency|severe)[ \t]*")/
    while ((place = index(line, "\"" key "\"")) > 0) {
        line = substr(line, place + length(key) + 2)
        if (severe_json_value(line)) return 1
    }
    return 0
}
# a word of its own in capitals, a field of logfmt, a level in brackets, or the sign of a writer: klog, Serilog, PHP, syslog;
# what Docker wrote may be in front
function severe_text(line) {
    return line ~ /ERROR|CRITICAL|FATAL|PANIC|SEVERE|EMERG|ALERT|Traceback/ \
        || line ~ /(^|Z )([EF][0-9][0-9][0-9][0-9] [0-9][0-9]:|\[[0-9][0-9]:[0-9][0-9]:[0-9][0-9]([.][0-9]+)? (ERR|FTL)\]|<[0-9]+>)|PHP (Recoverable f|F)atal error:|PHP Parse error:/ \
        || tolower(line) ~ /(^|[ \t])(level|lvl|severity|loglevel)="?(error|err|eror|critical|crit|fatal|d?panic|alert|emerg|severe)|\[([a-z0-9_]+:)?(error|crit|alert|emerg|fatal)\]/
}
'
