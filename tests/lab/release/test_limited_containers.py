"""Containers of foreign images end on their own, whatever the image has, when the program that started them has died."""

from __future__ import annotations

import pytest

from runbook_lib.core import programs
from tests.lab.conftest import Lab

# $1: a line of a Dockerfile. The program is killed as soon as its container runs.
SCRIPT = r"""
base=$(docker inspect --format '{{.Config.Image}}' "$(docker ps --quiet --filter label=com.docker.compose.service=postgres)")
printf 'FROM %s\nUSER root\nENTRYPOINT []\n%s\n' "$base" "$1" | docker build --quiet --force-rm --tag limited:1 - >/dev/null || exit 1
{ cat /tmp/limited.sh; cat <<'END'
LIMIT_S=3 scratch=$(mktemp -d)
run_limited limited-test --rm --network none -- limited:1 sleep 600
exec sleep 600 >/dev/null 2>&1
END
} > /tmp/limited-run.sh
since=$(date +%s)
# by the engine's own record: on a busy machine its three seconds may be over before they are asked about
runs() { [ -n "$(docker events --since "$since" --until "$(date +%s.%N)" --filter container=limited-test --filter event=start --format x)" ]; }
bash /tmp/limited-run.sh & started=$!
trap 'docker rm --force --volumes limited-test; docker rmi limited:1' EXIT >/dev/null 2>&1
for _ in $(seq 300); do runs && echo runs && break; sleep 0.1; done
kill -KILL "$started"
for _ in $(seq 600); do docker inspect limited-test >/dev/null 2>&1 || { echo ended; break; }; sleep 0.1; done
"""


# a container that has ended and a network, of this project and of another one, before and after their time
REMAINS = r"""
image=$(docker inspect --format '{{.Config.Image}}' "$(docker ps --quiet --filter label=com.docker.compose.service=postgres)")
export project=remains
trap '{ docker rm --force --volumes remains-1 remains-2; docker network rm remains-1 remains-2; } >/dev/null 2>&1' EXIT
for one in 1 2; do
    labels=(--label runbook.job=schema-copy --label "runbook.project=remains${one#1}")
    docker network create "${labels[@]}" "remains-$one" >/dev/null
    docker run --name "remains-$one" "${labels[@]}" --network none --entrypoint true "$image"
done
left() { echo "$1: $(docker ps --all --filter name=remains- --format '{{.Names}}' | sort | xargs) $(docker network ls --filter name=remains- --format '{{.Name}}' | sort | xargs)"; }
bash -c "$(cat /tmp/remains.sh); remove_remains"
left young
bash -c "$(sed 's/LIMIT_S=300/LIMIT_S=-100/' /tmp/remains.sh); remove_remains"
left old
"""


def test_what_a_killed_run_left_goes_after_its_time_and_a_plan_at_the_same_time_loses_nothing(lab: Lab) -> None:
    program = programs.text("platform/whole_lines.sh", "release/schema_copy.sh")
    lab.on_server("sh", "-c", 'printf %s "$1" > /tmp/remains.sh', "put", program)
    printed = lab.on_server("bash", "-c", REMAINS, "remains").splitlines()
    assert printed == ["young: remains-1 remains-2 remains-1 remains-2", "old: remains-2 remains-2"]


@pytest.mark.parametrize("line", ["", 'RUN ["rm", "/usr/bin/timeout"]', 'RUN ["rm", "/bin/sh"]'],
                         ids=["as usual", "without timeout", "without a shell"])
def test_a_container_ends_after_its_limit(lab: Lab, line: str) -> None:
    lab.on_server("sh", "-c", 'printf %s "$1" > /tmp/limited.sh', "put", programs.text("release/limited.sh"))
    printed = lab.on_server("bash", "-c", SCRIPT, "limited", line).split()
    assert [word for word in printed if word in ("runs", "ended")] == ["runs", "ended"]
