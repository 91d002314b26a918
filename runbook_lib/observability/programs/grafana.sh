#!/usr/bin/env bash
# grafana.sh PROJECT SERVICE PORT LIMIT_S: asks Grafana at the server's own loopback, with the password that its container was
# given. That is the one of the last deployment: a Grafana that has kept an earlier one refuses it. Run in the project.
# Output: `login STATUS`; where that is 200, `source UID STATUS BODY` for each data source, `boards STATUS BODY`, and
# `file NAME CONTENT` for each dashboard of the checkout; joined by tabs, in base64 what others wrote. `absent`: no container.
# `unknown CODE`: it cannot be asked; facts/grafana.py has the codes.
# The password stays on the server, and is in no argument of a program: printf is the shell's own.
set -euo pipefail
project=$1 service=$2 port=$3 limit=$4

container=$(docker ps --quiet --filter "label=com.docker.compose.project=$project" \
    --filter "label=com.docker.compose.service=$service" --filter "label=com.docker.compose.oneoff=False" | head -n 1)
if [[ -z $container ]]; then echo absent; exit 0; fi
variables=$(docker inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "$container")
value() { sed -n "s/^$1=//p" <<<"$variables"; }
# what its image takes from a file in the container, as it does for any variable named so
filled() {
    local file; file=$(value "$1__FILE")
    if [[ -z $file ]]; then value "$1"; else timeout "$limit" docker exec "$container" cat -- "$file" 2>/dev/null </dev/null; fi
}
if [[ $(value GF_AUTH_BASIC_ENABLED) == false ]]; then printf 'unknown\tno-basic\n'; exit 0; fi
if ! { user=$(filled GF_SECURITY_ADMIN_USER) && password=$(filled GF_SECURITY_ADMIN_PASSWORD); }; then
    printf 'unknown\tno-file\n'
    exit 0
fi
# Below the path that it serves alone, where it has one: elsewhere it redirects to its public address. Not followed: that
# may be another host, and would get the password.
path=''
if [[ $(value GF_SERVER_SERVE_FROM_SUB_PATH) == true ]]; then
    path=$(value GF_SERVER_ROOT_URL | sed -E 's#^[^/]*//[^/]*##; s#/*$##')
fi
authorization=$(printf '%s:%s' "${user:-admin}" "${password:-admin}" | base64 -w 0)
body=$(mktemp); trap 'rm -f -- "$body"' EXIT

ask() { # PATH: prints the status, 000 without a reply; the body is in $body
    printf 'header = "Authorization: Basic %s"\n' "$authorization" \
        | curl --silent --max-time "$limit" --max-filesize 5000000 --config - --output "$body" \
            --write-out '%{http_code}' "http://127.0.0.1:$port$path$1" || true
}
encoded() { head -c 5000000 -- "$body" | base64 -w 0; }

# one try alone: Grafana locks a user out who fails often
login=$(ask /api/org)
printf 'login\t%s\n' "$login"
[[ $login == 200 ]] || exit 0
status=$(ask /api/datasources)
[[ $status == 200 ]] || printf 'sources\t%s\n' "$status"
uids=$(grep -oP '"uid":\s*"\K[A-Za-z0-9_-]+(?=")' "$body" | head -n 20) || true
for uid in $uids; do
    : >"$body"
    status=$(ask "/api/datasources/uid/$uid/health")
    printf 'source\t%s\t%s\t%s\n' "$uid" "$status" "$(encoded)"
done
: >"$body"
status=$(ask '/api/search?type=dash-db&limit=5000')
printf 'boards\t%s\t%s\n' "$status" "$(encoded)"
for file in grafana/dashboards/*.json; do
    [[ ! -f $file ]] || printf 'file\t%s\t%s\n' "${file##*/}" "$(gzip -c -- "$file" | base64 -w 0)"
done
