# shellcheck shell=bash disable=SC2329
# One request to a container's own address, with TLS or without; for the program that follows.

# ask NAME PORT ORIGIN PATH: ORIGIN is how users begin, https://HOST or http://HOST. Prints the body, then STATUS SECONDS … in a line of its own. Ends the shell that it runs in.
ask() {
    local name=$1 port=$2 host=${3#*://} users=${3%%://*} path=$4 address scheme status words reply with_tls=''
    address=$(docker inspect --format '{{range .NetworkSettings.Networks}}{{println .IPAddress}}{{end}}
        {{- range .NetworkSettings.Networks}}{{println .GlobalIPv6Address}}{{end}}' "$name") || exit 1
    # an engine since 29 shows an address that there is not as a text
    address=$(grep -m 1 '[.:]' <<<"$address") || { echo "the candidate has no address" >&2; exit 1; }
    [[ $address != *:* ]] || address="[$address]"
    reply=$(mktemp -d) || exit 1
    trap 'rm -rf -- "$reply"' EXIT
    # by the public name, which a server may choose its certificate by
    words=(--silent --show-error --insecure --globoff --noproxy '*' --connect-timeout 4 --max-time 10 --max-filesize 20000000
        --connect-to "::$address:$port" --header "Host: $host" --header "X-Forwarded-Proto: $users"
        --write-out '\n%{http_code} %{time_total} %{time_appconnect}')
    for scheme in https http; do
        curl "${words[@]}" "$scheme://$host:$port$path" >"$reply/body" 2>"$reply/error"
        status=$?
        [[ $scheme == https ]] || break
        # no handshake came about: a server without TLS answers it with text, with an end, or not at all
        [[ $status =~ ^(28|35|52|56)$ && $(tail -n 1 "$reply/body") == *' 0.000000' ]] || break
        with_tls=$(<"$reply/error")
    done
    cat -- "$reply/body"
    ((status == 0)) || echo "$(<"$reply/error")${with_tls:+; with TLS: $with_tls}" >&2
    exit "$status"
}
