#!/usr/bin/env bash
# service_probes.sh PROJECT LIMIT_S PROBE...: asks services directly, each at its container's own address, all at once.
# PROBE: service, kind (http, https, redis), port, path or name of the password's variable, text expected or Redis's user,
# name to ask for in place of the address; joined by tabs.
# Output: a line a container: service, result, seconds, addresses, addresses of its clients, words; joined by tabs.
# Results: up, down (it answers, and not well, or is in no network), silent (nothing within the limit), stopped (no
# container runs it), refused (it answers, and does not let the probe in), unknown (it could not be asked). Nothing runs in a container, so nothing is left in one that hangs.
set -euo pipefail
project=$1 limit=$2
shift 2
tab=$'\t'
RESTARTING='(restarting)' # no name of a network: it has no address until it runs again

inspect() { # ID...: a line a container: service, id, network mode, addresses; joined by tabs
    docker inspect --format "{{index .Config.Labels \"com.docker.compose.service\"}}$tab{{.Id}}$tab{{if \
.State.Restarting}}$RESTARTING{{else}}{{.HostConfig.NetworkMode}}{{end}}$tab{{range \
.NetworkSettings.Networks}}{{.IPAddress}} {{.GlobalIPv6Address}} {{end}}" "$@"
}

# one call for all containers: a call for each would cost more than the questions
containers=$(docker ps --no-trunc --quiet --filter "label=com.docker.compose.project=$project" \
    --filter "label=com.docker.compose.oneoff=False")
found=
if [[ -n $containers ]]; then
    # shellcheck disable=SC2086  # ids of hexadecimal digits, one word each
    found=$(inspect $containers) || [[ -n $found ]] # one may have gone meanwhile
fi

answer() { # SERVICE RESULT SECONDS ADDRESSES CLIENTS WORDS
    local words=${6//[$'\t\r\n']/ }
    # cut between words: a piece of a word may be a piece of a secret, which no redactor knows
    if ((${#words} > 300)); then words=${words:0:301} words=${words% *}; fi
    ((${#words} <= 300)) || words='(one word of more than 300 characters is left out)'
    printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$5" "$words"
}

# Where a container is reached: at its own addresses, or where the one is whose network it shares. Only what has the
# server's own network is at 127.0.0.1: of another, whatever else listens there would answer for it.
reached_at() { # ID NETWORK ADDRESSES; sets `addresses` for people and `each` to ask, which stays empty for none
    local id=$1 network=$2 shared word
    addresses=$3 each=()
    # Docker refuses more than one such step today; a bound, so that no answer of it leads round in a circle
    for _ in 1 2 3; do
        [[ $network == container:* ]] || break
        id=${network#container:}
        shared=$(awk -F "$tab" -v id="$id" '$2 == id' <<<"$found")
        # it may belong to another project
        [[ -n $shared ]] || shared=$(inspect "$id" 2>/dev/null | awk -F "$tab" -v id="$id" '$2 == id') || true
        IFS=$'\x1f' read -r _ _ network addresses <<<"${shared//$tab/$'\x1f'}"
    done
    for word in $addresses; do # engines print `invalid IP` for none
        [[ $word =~ ^[0-9a-fA-F.:]*[.:][0-9a-fA-F.:]*$ ]] && each+=("$word")
    done
    addresses=${each[*]-}
    if ((${#each[@]} == 0)) && [[ $network == host ]]; then each=(127.0.0.1); fi
}

# Why the server could not connect, where that is how it is built and says nothing of the service; fails for any other reason.
# Source: Docker's manual, rootless mode and network drivers.
out_of_reach() { # ID
    local networks drivers
    if [[ $(docker info --format '{{json .SecurityOptions}}' 2>/dev/null) == *name=rootless* ]]; then
        echo "the engine is rootless: the server itself reaches none of its containers"
        return
    fi
    networks=$(docker inspect --format '{{range .NetworkSettings.Networks}}{{println .NetworkID}}{{end}}' "$1" 2>/dev/null) || return
    # shellcheck disable=SC2086  # ids, one word each
    [[ -n $networks ]] && drivers=$(docker network inspect --format '{{.Driver}}' $networks 2>/dev/null | sort -u) || return
    ! grep -qvxE 'macvlan|ipvlan|overlay' <<<"$drivers" \
        && echo "the server itself reaches no container in a network with the driver ${drivers//$'\n'/ or }"
}

ask_http() { # SERVICE ADDRESSES ADDRESS PORT PATH TEXT ID NAME SCHEME
    local reply code=0 status seconds host=$3 why
    local -a named=()
    [[ $host != *:* ]] || host="[$host]"
    [[ -z $8 ]] || named=(--header "Host: $8")
    # made for users' names, or by the program for itself: at its address no certificate holds
    [[ $9 != https ]] || named+=(--insecure)
    # searched here, so that a page of metrics is not carried over the link
    # the path as it stands: without the server's own settings for curl, and no pattern in its brackets
    reply=$(curl --disable --silent --show-error --noproxy '*' --globoff --path-as-is --max-time "$limit" ${named[@]+"${named[@]}"} \
        --write-out '\n%{http_code} %{time_total}' "$9://$host:$4$5" 2>&1) || code=$?
    read -r status seconds <<<"${reply##*$'\n'}" || true
    case $code in
    0) ;;
    28) answer "$1" silent "" "$2" "" "no reply within $limit s"; return ;;
    127) answer "$1" unknown "" "$2" "" "curl is not installed on the server"; return ;;
    7) if why=$(out_of_reach "$7"); then answer "$1" unknown "" "$2" "" "$why"; return; fi ;;&
    *) answer "$1" down "" "$2" "" "port $4: ${reply%%$'\n'*}"; return ;;
    esac
    if [[ $status != 200 ]]; then
        answer "$1" down "$seconds" "$2" "" "$5 answers $status"
    elif [[ -n $6 && $reply != *"$6"* ]]; then
        answer "$1" down "$seconds" "$2" "" "$5 answers without '$6'"
    else
        answer "$1" up "$seconds" "$2" "" "answers"
    fi
}

# Redis's own protocol, written by bash: the password stands in no argument and leaves the server by no link. Source:
# Redis serialization protocol specification.
redis_questions() { # REDISCLI_AUTH, REDIS_USER
    local LC_ALL=C word # lengths in bytes
    local -a login=(AUTH)
    if [[ -n $REDISCLI_AUTH ]]; then
        [[ -z $REDIS_USER ]] || login+=("$REDIS_USER")
        login+=("$REDISCLI_AUTH")
        printf '*%d\r\n' "${#login[@]}"
        # shellcheck disable=SC2016  # the protocol's own dollar signs
        for word in "${login[@]}"; do printf '$%d\r\n%s\r\n' "${#word}" "$word"; done
    fi
    printf 'PING\r\nINFO persistence\r\nCLIENT LIST\r\nQUIT\r\n'
}
redis_dialogue() { # ADDRESS PORT
    exec 3<>"/dev/tcp/$1/$2" || return
    # one that speaks TLS hangs up meanwhile, and has taken nothing that could be read on the way: it is this server
    redis_questions >&3 2>/dev/null || true
    cat <&3 2>/dev/null
}
redis_over_tls() { # ADDRESS PORT; the certificate is of a name that the application uses, and we ask an address
    local host=$1
    [[ $host != *:* ]] || host="[$host]"
    redis_questions | openssl s_client -quiet -noservername -connect "$host:$2" 2>&1
}
export -f redis_questions redis_dialogue redis_over_tls

redis_answer() { # FUNCTION ADDRESS PORT; REDISCLI_AUTH, REDIS_USER
    timeout "$limit" bash -c '"$@"' ask "$@" 2>&1 | tr -d '\r\0'
}

ask_redis() { # SERVICE ADDRESSES ADDRESS PORT VARIABLE USER ID
    local reply plain="" code=0 began seconds clients words why
    local -x REDISCLI_AUTH="" REDIS_USER=$6
    if [[ -n $5 ]]; then
        REDISCLI_AUTH=$(docker inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "$7" | sed -n "s/^$5=//p")
    fi
    began=$EPOCHREALTIME # from here on: what the engine takes for its question is not the service's
    reply=$(redis_answer redis_dialogue "$3" "$4") || code=$?
    # no line of the protocol, and no refusal of the connection: it may speak TLS
    if [[ $code != 124 && $'\n'$reply != *$'\n'[+-]* && $reply != */dev/tcp/* ]]; then
        code=0 began=$EPOCHREALTIME plain=$reply
        reply=$(redis_answer redis_over_tls "$3" "$4") || code=$?
    fi
    seconds=$(LC_ALL=C awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f", b - a }')
    clients=$(sed -n 's/^.* addr=\[\{0,1\}\([0-9a-f.:]*\)\]\{0,1\}:[0-9]* .*$/\1/p' <<<"$reply" | sort -u | tr '\n' ' ')
    words=$(grep -m1 '^-' <<<"$reply" || head -n 1 <<<"$reply")
    if [[ $code == 124 ]]; then
        answer "$1" silent "" "$2" "" "no reply within $limit s"
    elif [[ $'\n'$reply == *$'\nloading:1'* ]]; then
        answer "$1" down "$seconds" "$2" "$clients" "it is still loading its data"
    elif [[ $'\n'$reply == *$'\n+PONG'* ]]; then
        answer "$1" up "$seconds" "$2" "$clients" "answers PONG"
    elif [[ $reply == *"/dev/tcp/$3/$4: "* ]]; then
        # bash's own words for a connection that failed begin with where it stands in this program
        if why=$(out_of_reach "$7"); then answer "$1" unknown "" "$2" "" "$why"; return; fi
        answer "$1" down "$seconds" "$2" "" "$3 port $4: ${reply##*: }"
    elif [[ $words =~ ^-(NOAUTH|WRONGPASS|NOPERM)\  ]]; then
        # it answers; how it serves those whom it lets in is another question
        answer "$1" refused "" "$2" "" "it refuses the log-in of the probe: ${words#-}"
    elif why=$(tls_refusal "$reply"); then
        answer "$1" refused "" "$2" "" "$why"
    else
        # its own words, where it speaks neither: what openssl prints begins with a number of its own process
        if [[ $reply == *:error:* ]]; then
            [[ $plain != $'\x15\x03'* ]] || plain="" # an alert of TLS
            words=$(head -n 1 <<<"$plain")
            words=${words:-it hangs up; over TLS: $(sed -n 's/^.*:error:[0-9A-F]*:[^:]*:[^:]*:\([^:]*\):.*$/\1/p' <<<"$reply" | head -n 1)}
        fi
        answer "$1" down "$seconds" "$2" "" "${words:-no reply at port $4}"
    fi
}

# Why it could not be asked over TLS; fails where it does not speak TLS either
tls_refusal() { # REPLY
    case $1 in
    *'openssl: command not found'*) echo "it may speak TLS, and openssl is not installed on the server" ;;
    *'certificate required'* | *'alert handshake failure'* | *'alert bad certificate'*)
        echo "it speaks TLS and asks for a client's certificate, which the probe has not" ;;
    *) return 1 ;;
    esac
}

ask() { # SERVICE KIND PORT PATH TEXT NAME, of each container of the service
    local service id network addresses line asked=
    local -a each
    while read -r line; do
        IFS=$'\x1f' read -r service id network addresses <<<"${line//$tab/$'\x1f'}"
        [[ $service == "$1" ]] || continue
        asked=1
        reached_at "$id" "$network" "$addresses"
        if [[ $network == "$RESTARTING" ]]; then
            answer "$1" down "" "" "" "its container is restarting"
        elif ((${#each[@]} == 0)); then
            answer "$1" down "" "" "" "it is in no network"
        else
            case $2 in
            redis) ask_redis "$1" "$addresses" "${each[0]}" "$3" "$4" "$5" "$id" ;;
            http | https) ask_http "$1" "$addresses" "${each[0]}" "$3" "$4" "$5" "$id" "$6" "$2" ;;
            *) answer "$1" unknown "" "$addresses" "" "" ;; # asked in another way; here only where it is
            esac
        fi
    done <<<"$found"
    [[ -n $asked ]] || answer "$1" stopped "" "" "" "no container runs it"
}

for probe in "$@"; do
    # a tab is white space for `read`, which would take two for one where a value is empty
    IFS=$'\x1f' read -r service kind port path text name <<<"${probe//$tab/$'\x1f'}"
    ask "$service" "$kind" "$port" "$path" "$text" "$name" </dev/null &
done
wait
