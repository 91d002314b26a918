"""Waiting for what Compose does not wait for: a service whose health check is turned off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from runbook_lib.core.commands import Command

# Where a container was made with `healthcheck: {disable: true}`, or its test is NONE, `up --wait` (of Compose 2.26 at
# least) ends with an error once it runs, and says nothing of the others. It is up when it runs, as one without any
# check. What has ended is not waited for, as Compose does not; `exec` where no file can be made: a full disk must not
# keep a release from being replaced.
WAITED = r"""
project=$1 limit_s=$2 count=$3; shift 3
services=("${@:1:count}"); shift "$count"
printed=$(mktemp) || exec "$@"
trap 'rm -f -- "$printed"' EXIT
{ "$@" 2>&1 1>&3 3>&- | tee -- "$printed" >&2; status=${PIPESTATUS[0]}; } 3>&1
[[ $status != 0 ]] && grep 'has no healthcheck configured' "$printed" | grep -qv 'dependency failed' || exit "$status"
echo "A health check is turned off, for which Compose cannot wait: its containers are asked until they are up." >&2
form='{{.Name}} {{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}healthy{{end}}'
for ((waited = 0; waited <= limit_s; waited++)); do
    states=''
    for service in "${services[@]}"; do
        ids=$(docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$project" \
            --filter "label=com.docker.compose.service=$service" \
            --filter label=com.docker.compose.oneoff=False) || exit 1
        [[ -n $ids ]] || { echo "$service has no container" >&2; exit 1; }
        # one that is made anew in this moment is asked again
        found=$(docker inspect --format "$form" $ids) && states+=$found$'\n' || states+="$service unknown"$'\n'
    done
    states=${states%$'\n'}
    grep -qv ' running healthy$' <<<"$states" || exit 0
    ! grep -E ' (exited|dead) | unhealthy$' <<<"$states" >&2 || exit 1
    sleep 1
done
echo "not up after $limit_s s: $states" >&2
exit 1
"""


def waited(up: Command, project: str, limit_s: int, services: Iterable[str]) -> Command:
    """The same `up --wait`, which does not fail where a health check is turned off."""
    named = tuple(services)
    return replace(up, argv=("bash", "-c", WAITED, "waited", project, str(limit_s), str(len(named)), *named, *up.argv),
                   shown=str(up))
