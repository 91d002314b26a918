# shellcheck shell=bash
# Which secrets the server has, and how strong they are: `bash -s -- FILE WEAK_WORDS`. A value never leaves awk: a line is
# "secret <name> <length> <distinct characters> <has a weak word> <only URL-safe characters>".

file=$1
[ -e "$file" ] || { echo absent; exit 0; }
stat -c 'mode %a %U' -- "$file" || exit 1
# LC_ALL=C: lengths in bytes, the same on every server, whatever its locale
LC_ALL=C awk -v words="$2" '
    # inside double quotes a backslash stands before a backslash, a quote or a dollar sign of the value
    function unescaped(text, quote,    out, place, one) {
        if (quote != "\"") return text
        for (place = 1; place <= length(text); place++) {
            one = substr(text, place, 1)
            if (one == "\\" && index("\\\"$", substr(text, place + 1, 1))) one = substr(text, ++place, 1)
            out = out one
        }
        return out
    }
    /^[A-Za-z_][A-Za-z0-9_]*=/ {
        name = $0; sub(/=.*/, "", name)
        value = substr($0, length(name) + 2)
        quote = substr(value, 1, 1)
        if (length(value) >= 2 && (quote == "\047" || quote == "\"") && substr(value, length(value)) == quote)
            value = unescaped(substr(value, 2, length(value) - 2), quote)
        distinct = 0; split("", seen)
        for (place = 1; place <= length(value); place++) if (!(substr(value, place, 1) in seen)) {
            seen[substr(value, place, 1)] = 1; distinct++
        }
        weak = 0; count = split(words, word, ",")
        for (one = 1; one <= count; one++) if (index(tolower(value), word[one])) weak = 1
        print "secret", name, length(value), distinct, weak, (value ~ /^[A-Za-z0-9._~-]+$/) ? 1 : 0
    }' <"$file"
exit
