"""Containers as `docker inspect` and `docker stats` tell them."""

from __future__ import annotations

import copy
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts import containers
from runbook_lib.platform.facts.containers import exec_in, parse_containers, parse_memory, parse_size

REDIS: dict[str, Any] = {
    "Id": "3a1f",
    "Name": "/gw2-staging-redis-1",
    "Image": "sha256:ca9d",
    "RestartCount": 0,
    "State": {
        "Status": "running",
        "OOMKilled": False,
        "ExitCode": 0,
        "StartedAt": "2026-11-22T16:49:19.338705123Z",
        "Health": {"Status": "healthy", "FailingStreak": 0},
    },
    "Config": {"Image": "gw2-lab/redis:7", "Labels": {"com.docker.compose.service": "redis"}},
    "HostConfig": {"Memory": 536870912},
}


def redis(**changes: Any) -> str:
    one = copy.deepcopy(REDIS)
    for path, value in changes.items():
        *above, last = path.split("__")
        place = one
        for key in above:
            place = place[key]
        place[last] = value
    return json.dumps([one])


def test_a_healthy_container_is_read_whole() -> None:
    one = parse_containers(redis())[0]
    assert (one.name, one.service, one.state, one.health) == ("gw2-staging-redis-1", "redis", "running", "healthy")
    assert (one.restart_count, one.oom_killed, one.memory_limit_bytes) == (0, False, 512 * 2**20)
    assert one.started_at is not None
    assert one.started_at.isoformat() == "2026-11-22T16:49:19.338705+00:00"


def test_a_container_without_a_health_check_has_no_health() -> None:
    assert parse_containers(redis(State__Health=None))[0].health is None
    assert parse_containers(redis(State__Health={"Status": "none"}))[0].health is None


def test_a_kill_for_memory_is_seen() -> None:
    assert parse_containers(redis(State__OOMKilled=True, State__ExitCode=137, RestartCount=4))[0].oom_killed


def test_no_memory_limit_is_none_and_not_zero() -> None:
    assert parse_containers(redis(HostConfig__Memory=0))[0].memory_limit_bytes is None


def test_a_container_that_never_started_has_no_start() -> None:
    assert parse_containers(redis(State__StartedAt="0001-01-01T00:00:00Z"))[0].started_at is None


def test_a_container_without_compose_labels_goes_by_its_name() -> None:
    assert parse_containers(redis(Config__Labels=None))[0].service == "gw2-staging-redis-1"


def test_no_containers_are_an_empty_answer() -> None:
    assert parse_containers("[]\n") == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Error: No such object",
        "{}",
        "[1]",
        "[{}]",
        "null",
        '[{"Id": 1}]',
        "[[]]",
        redis(State=None),
        redis(State__StartedAt="yesterday"),
    ],
)
def test_malformed_replies_are_unreadable(text: str) -> None:
    if text == "{}":
        assert parse_containers(text) == ()
        return
    with pytest.raises(FactUnreadable):
        parse_containers(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("12.5MiB", 13107200),
        ("1.2GB", 1_200_000_000),
        ("0B", 0),
        ("4.9kB", 4900),
        ("2GiB", 2 * 2**30),
        (" 7MiB ", 7 * 2**20),
    ],
)
def test_sizes_of_docker(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "--", "12", "MiB", "1.2.3MiB", "5 parsecs"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"size|float"):
        parse_size(text)


@pytest.mark.parametrize("usage", ["-- / --", "--", "--  /  1GiB"])
def test_a_container_between_two_starts_hides_the_memory_of_no_other(usage: str) -> None:
    text = f'{{"ID":"3a1f","MemUsage":"7.1MiB / 1GiB"}}\n{{"ID":"9","MemUsage":"{usage}"}}\n'
    assert parse_memory(text) == {"3a1f": 7444890, "9": None}


def test_memory_by_container() -> None:
    text = '{"ID":"3a1f","MemUsage":"7.1MiB / 512MiB","Name":"x"}\n\n{"ID":"9","MemUsage":"1GiB / 2GiB"}\n'
    assert parse_memory(text) == {"3a1f": 7444890, "9": 2**30}


@pytest.mark.parametrize(
    "text", ["{}", "CONTAINER ID", '{"ID":"3","MemUsage":"? / --"}', '{"ID":"3","MemUsage":null}']
)
def test_malformed_stats_are_unreadable(text: str) -> None:
    with pytest.raises(FactUnreadable):
        parse_memory(text)


ENVIRONMENT = load_environment("staging")
# an engine with a container whose name an interrupted recreation has changed
DOCKER = """#!/bin/sh
case $1 in
ps) [ -z "$ENGINE_GONE" ] || exit "$ENGINE_GONE"
    case "$*" in *project=gw2-staging*service=redis*) echo 4f2c1d; echo 5e3b2a;; esac;;
exec) shift; echo "in $*"; cat; exit 7;;
esac
"""


@pytest.mark.parametrize(("service", "gone", "code", "output"), [
    ("redis", "", 7, "in --interactive 4f2c1d sh -c say 'hello'\ninput"), ("postgres", "", 126, ""), ("redis", "1", 125, ""),
    ("redis", "124", 125, ""),
])
def test_a_command_runs_in_the_container_that_compose_labels_as_the_service(
    tmp_path: Path, service: str, gone: str, code: int, output: str
) -> None:
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    done = subprocess.run(exec_in(ENVIRONMENT, service, "sh", "-c", "say 'hello'"), input="input", capture_output=True, text=True, check=False,
                          env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "ENGINE_GONE": gone})
    assert (done.returncode, done.stdout) == (code, output)
    assert ("Cannot connect to the Docker daemon: it hangs" in done.stderr) == (gone == "124")  # of `timeout`


# lists one that is gone so many times; Docker fails as a whole for it
VANISHING = """#!/bin/bash
case $1 in
    ps) echo there; n=$(cat "$0.left"); ((n == 0)) || { echo gone; echo $((n - 1)) >"$0.left"; } ;;
    inspect | stats) [[ $* != *gone* ]] || { echo "No such object: gone" >&2; exit 1; }; echo "[$1]" ;;
esac
"""


@pytest.mark.parametrize(("times", "code"), [(0, 0), (1, 0), (4, 0), (9, 1)])
@pytest.mark.parametrize("asked", ["inspect", "stats"])
def test_one_that_is_removed_while_all_are_asked_hides_none_of_the_others(tmp_path: Path, asked: str, times: int, code: int) -> None:
    (tmp_path / "docker").write_text(VANISHING)
    (tmp_path / "docker").chmod(0o755)
    (tmp_path / "docker.left").write_text(f"{times}\n")
    program = {"inspect": containers._INSPECT, "stats": containers._STATS}[asked]
    done = subprocess.run(("sh", "-c", program, "containers", "shop"), capture_output=True, text=True,
                          env={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert (done.returncode, done.stdout) == (code, "" if code else f"[{asked}]\n")
    assert ("No such object" in done.stderr) is bool(times)
