#!/usr/bin/env bash
# tuning_in_force.sh PROJECT LIMIT_S QUESTION...: what containers, processes and Redis work with now, whatever a file says.
# QUESTION, its words joined by tabs:
#   processes SERVICE PROCESS VARIABLES         processes whose command names PROCESS, and these of their variables
#   cache SERVICE PASSWORD SETTINGS PATTERNS    Redis; PASSWORD: the name of the container's variable with it; may be empty
# Output, a line each, joined by tabs:
#   limits SERVICE CPUS_NANO QUOTA PERIOD MEMORY
#   processors SERVICE NUMBER...                what programs in it take for the number of processors
#   process SERVICE PID PARENT COMMAND
#   variable SERVICE PID NAME VALUE
#   setting|info SERVICE NAME VALUE             of Redis
#   keys SERVICE PATTERN FOUND ENDLESS LONGEST_MS ALL
#   unknown SERVICE WHAT WORDS
# It reads only. Of variables and settings only those that are named leave the container: the others may be secrets.
set -euo pipefail
project=$1 limit=$2
shift 2
tab=$'\t'

# belongs_to SERVICE: lines of a container's own, with the service behind the first word; one that says nothing is left out.
# Not by `read` into words: it drops a tab at the end, and with it a value that is empty.
belongs_to() {
    local line
    while IFS= read -r line; do
        [[ $line != *"$tab"* ]] || printf '%s\t%s\t%s\n' "${line%%"$tab"*}" "$1" "${line#*"$tab"}"
    done
}

containers_of() { # [SERVICE]: ids of the running containers
    local -a one=()
    if (($#)); then one=(--filter "label=com.docker.compose.service=$1"); fi
    docker ps --quiet --no-trunc --filter status=running --filter "label=com.docker.compose.project=$project" \
        --filter "label=com.docker.compose.oneoff=False" "${one[@]}"
}

limits() {
    local ids
    ids=$(containers_of)
    [[ -n $ids ]] || return 0
    # one may have gone meanwhile; ids of hexadecimal digits, one word each
    # shellcheck disable=SC2086
    docker inspect --format "limits$tab{{index .Config.Labels \"com.docker.compose.service\"}}$tab{{.HostConfig.NanoCpus}}$tab{{ \
.HostConfig.CpuQuota}}$tab{{.HostConfig.CpuPeriod}}$tab{{.HostConfig.Memory}}" $ids || true
}

# The program comes by standard input and its values by variables, so that its own command never names what it looks for.
# shellcheck disable=SC2016  # the variables are the container's
readonly INSIDE_PROCESSES='
printf "processors"
{ getconf _NPROCESSORS_ONLN || grep -c ^processor /proc/cpuinfo; nproc; } 2>/dev/null | while read -r number; do printf "\t%s" "$number"; done
printf "\n"
for folder in /proc/[0-9]*; do
    pid=${folder#/proc/}
    command=$(tr "\0\n\t" "   " <"$folder/cmdline" 2>/dev/null) || continue
    case $command in *"$TUNING_PROCESS"*) ;; *) continue ;; esac
    parent=
    while read -r name value; do
        case $name in PPid:) parent=$value; break ;; esac
    done <"$folder/status" 2>/dev/null || continue
    printf "process\t%s\t%s\t%s\n" "$pid" "$parent" "$command"
    for name in $TUNING_VARIABLES; do
        # not every process may be asked for its variables: that of another user may not
        tr "\n\t\0" "  \n" <"$folder/environ" 2>/dev/null | while IFS= read -r line; do
            case $line in "$name="*) printf "variable\t%s\t%s\t%s\n" "$pid" "$name" "${line#*=}" ;; esac
        done
    done
done
'

processes() { # SERVICE PROCESS VARIABLES
    local id found
    for id in $(containers_of "$1"); do
        if found=$(timeout "$limit" docker exec -i --env "TUNING_PROCESS=$2" --env "TUNING_VARIABLES=$3" "$id" sh -s \
            <<<"$INSIDE_PROCESSES" 2>/dev/null) && [[ $found == *$'\nprocess'* ]]; then
            belongs_to "$1" <<<"$found"
        else # an image without a shell: the engine knows its processes, and nothing their variables
            timeout "$limit" docker top "$id" -eo pid,ppid,args 2>/dev/null | awk -v service="$1" -v word="$2" '
                NR > 1 && index($0, word) { pid = $1; parent = $2; sub(/^[ \t]*[0-9]+[ \t]+[0-9]+[ \t]+/, ""); gsub(/\t/, " ")
                    print "process\t" service "\t" pid "\t" parent "\t" $0 }' || true
            printf 'unknown\t%s\tvariables\tnothing in the container could be asked: it has no shell, or did not answer\n' "$1"
        fi
    done
}

# Names are looked for in steps and at most in 20 of them, so that a cache of millions is not held up.
# shellcheck disable=SC2016  # the variables are the container's
readonly INSIDE_REDIS='
if [ -n "$TUNING_PASSWORD" ]; then own=$(printenv "$TUNING_PASSWORD"); fi
if [ -n "${own-}" ]; then export REDISCLI_AUTH="$own"; fi
client=$(command -v redis-cli || command -v valkey-cli || command -v keydb-cli)
ask() { "$client" --no-auth-warning --raw "$@" </dev/null 2>&1; }
scan="local cursor, rounds, found, endless, longest = \"0\", 0, 0, 0, 0
repeat
  local reply = redis.call(\"SCAN\", cursor, \"MATCH\", ARGV[1], \"COUNT\", 500)
  cursor = reply[1]
  for _, key in ipairs(reply[2]) do
    local left = redis.call(\"PTTL\", key)
    found = found + 1
    if left == -1 then endless = endless + 1 elseif left > longest then longest = left end
  end
  rounds = rounds + 1
until cursor == \"0\" or rounds >= 20
return {found, endless, longest, cursor == \"0\" and 1 or 0}"
for name in $TUNING_SETTINGS; do
    ask CONFIG GET "$name" | { read -r known; read -r value
        if [ "$known" = "$name" ]; then printf "setting\t%s\t%s\n" "$name" "$value"
        else printf "unknown\tsetting %s\t%s\n" "$name" "${known:-it has no such setting}"; fi; }
done
ask INFO | tr -d "\r" | while IFS=: read -r name value; do
    case $name in
    redis_version | uptime_in_seconds | used_memory | maxmemory | evicted_keys | expired_keys | keyspace_hits | keyspace_misses)
        printf "info\t%s\t%s\n" "$name" "$value" ;;
    db[0-9]*) printf "info\t%s\t%s\n" "$name" "$value" ;;
    esac
done
set -f
for pattern in $TUNING_PATTERNS; do
    ask EVAL_RO "$scan" 0 "$pattern" | { read -r found; read -r endless; read -r longest; read -r all
        case $all in
        0 | 1) printf "keys\t%s\t%s\t%s\t%s\t%s\n" "$pattern" "$found" "$endless" "$longest" "$all" ;;
        *) printf "unknown\tkeys %s\t%s\n" "$pattern" "$found" ;;
        esac; }
done
'

redis() { # SERVICE PASSWORD SETTINGS PATTERNS
    local id found
    for id in $(containers_of "$1"); do
        found=$(timeout "$limit" docker exec -i --env "TUNING_PASSWORD=$2" --env "TUNING_SETTINGS=$3" \
            --env "TUNING_PATTERNS=$4" "$id" sh -s <<<"$INSIDE_REDIS" 2>/dev/null) ||
            found+=$'\nunknown\tRedis\tit did not answer in time, or its container has no shell'
        belongs_to "$1" <<<"$found"
    done
}

limits
for question in "$@"; do
    # a tab is white space for `read`, which would take two for one where a value is empty
    IFS=$'\x1f' read -r what service first second third <<<"${question//$tab/$'\x1f'}"
    case $what in
    processes) processes "$service" "$first" "$second" ;;
    cache) redis "$service" "$first" "$second" "$third" ;;
    esac </dev/null
done
