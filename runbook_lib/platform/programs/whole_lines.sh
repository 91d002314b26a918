# shellcheck shell=bash disable=SC2329
# Bounded parts of a foreign output that keep whole lines: a piece of a line may be a piece of a secret, which no redactor
# knows. A line that alone is longer than the bound is left out, and named as that.

# last_lines BYTES: the last lines of standard input that fit into so many bytes
last_lines() {
    # twice the bound: the line in whose middle the tail begins is then always one that is left out
    LC_ALL=C tail -c "$((2 * $1 + 2))" | LC_ALL=C awk -v most="$1" '
        { size += length($0) + 1; line[++last] = $0
          while (size > most && first < last) { first++; size -= length(line[first]) + 1; delete line[first] } }
        END { if (last && first == last) print "(a line of more than " most " bytes is left out)"
              while (first < last) print line[++first] }'
}

# first_lines BYTES: the first lines of standard input that fit
first_lines() {
    LC_ALL=C head -c "$(($1 + 1))" | LC_ALL=C awk -v most="$1" '
        { size += length($0) + 1
          if (size > most) { if (NR == 1) print "(a line of more than " most " bytes is left out)"; exit }
          print }'
}
