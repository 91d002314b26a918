# shellcheck shell=bash
# Which containers of runs there are next to the application: `bash -s -- PROJECT DIRECTORY`. It only reads. Lines of
# fields joined by tabs, the first field says what the line is about:
#   clock SECONDS · lock (a run holds it) · container NAME JOB STATE CREATED; JOB is the value of their label runbook.job
set -uo pipefail
project=$1 tab=$'\t'

printf 'clock\t%s\n' "$(date +%s)"
# a shared lock, released at once: no operator is kept out for longer than the question takes
if [[ -e $2/.runbook/lock ]]; then flock --shared --nonblock "$2/.runbook/lock" true || echo lock; fi
ids=$(docker ps --all --quiet --no-trunc --filter "label=runbook.project=$project") || exit
drill=$(docker ps --all --quiet --no-trunc --filter "label=runbook.alert-drill=$project") || exit
[[ -n $ids$drill ]] || exit 0
# ids of hexadecimal digits, one word each; one may have gone meanwhile
# shellcheck disable=SC2086
docker inspect --format "container$tab{{.Name}}$tab{{with index .Config.Labels \"runbook.job\"}}{{.}}{{else}}alert-drill{{end}}$tab{{.State.Status}}$tab{{.Created}}" \
    $ids $drill 2>/dev/null || true
