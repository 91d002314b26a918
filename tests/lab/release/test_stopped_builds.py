"""A build that is stopped, on a real engine: whatever ends its client, nothing goes on building afterwards."""

from __future__ import annotations

import pytest

from runbook_lib.core import programs
from tests.lab.conftest import Lab

# A step of a build that would go on for minutes, in a process group of its own as a job has one.
BUILD = r"""
set -m
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
cd "$work" && git init -q . && mkdir part
printf 'FROM %s\nUSER root\nRUN sleep 599\n' "$(docker ps --format '{{.Image}}' | grep -m 1 gw2-backend)" > part/Dockerfile
git add . && git -c user.name=a -c user.email=a@example.org commit -q -m a
image() { bash -s -- "$@" < /tmp/image.sh; }
begin() { image build "$1" "$work" HEAD:part docker build --quiet --force-rm --add-host "$1:127.0.0.1" --tag stopped:1 -; }
left() { echo "left: $(docker ps --all --quiet --no-trunc | xargs docker inspect --format '{{.HostConfig.ExtraHosts}}' | grep -c "$1") containers, \
$(pgrep -fc "^docker build .*$1") clients, $(docker image ls --quiet stopped | wc -l) images"; }
# the shell around it ends at once, its own end takes a moment: a job's supervisor waits for the whole group
end() { kill -TERM -- "-$1"; for _ in $(seq 600); do kill -0 -- "-$1" 2>/dev/null || return; sleep 0.1; done; echo "still there"; }
running() { for _ in $(seq 600); do [ "$(left "$1")" = 'left: 1 containers, 1 clients, 0 images' ] && return; sleep 0.1; done; left "$1"; }
"""
NOTHING = "left: 0 containers, 0 clients, 0 images"
MARK = "gw2-staging-build.invalid"


def on_server(lab: Lab, script: str) -> list[str]:
    lab.on_server("sh", "-c", 'printf %s "$1" > /tmp/image.sh', "put", programs.text("release/whole_tree.sh", "release/env_files.sh", "release/image.sh"))
    return lab.on_server("bash", "-c", BUILD + script).splitlines()


def test_a_stopped_build_has_ended_on_the_engine_when_its_job_ends(lab: Lab) -> None:
    script = f"begin {MARK} 2>said & job=$!; running {MARK}; end $job; left {MARK}; grep -o 'stopped on the engine' said"
    assert on_server(lab, script) == [NOTHING, "stopped on the engine"]


@pytest.mark.parametrize("killed", ["-$job", "$job"], ids=["with its client", "and its client lives on"])
def test_what_a_killed_job_left_of_a_build_is_ended_by_the_undo(lab: Lab, killed: str) -> None:
    script = f"begin {MARK} >said 2>&1 & job=$!; running {MARK}; kill -KILL -- {killed}; image stop {MARK} 2>>said; left {MARK}"
    assert on_server(lab, script) == [NOTHING]


def test_the_undo_leaves_another_projects_build_alone_and_passes_where_there_is_none(lab: Lab) -> None:
    script = (f"begin other.invalid >said 2>&1 & job=$!; running other.invalid; image stop {MARK}; echo $?; "
              "left other.invalid; end $job; left other.invalid")
    assert on_server(lab, script) == ["0", "left: 1 containers, 1 clients, 0 images", NOTHING]
