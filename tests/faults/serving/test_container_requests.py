"""Requests from inside a container that serves: whatever ends them, nothing of ours stays in it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from runbook_lib.connections import OpenConnections
from runbook_lib.core.errors import EndpointUnavailable
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.container_http import ContainerHttp
from tests.lab_server import ROOT, Lab

RUNNING = ("docker", "ps", "--filter", "name=gw2-staging-backend", "--format", "{{.Names}}")
OURS = "docker top $1 -eo pid,args | grep -c LONGEST || true"
HEALTH = ("docker", "inspect", "--format", "{{.State.Health.Status}}")
USERS = ("curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", "https://127.0.0.1/health")
MOST_S = 120.0
ASKS = """
import sys, time
from runbook_lib.connections import open_connections
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.container_http import ContainerHttp
environment = load_environment(sys.argv[1])
with open_connections(environment, changes_allowed=False) as connections, \\
        ContainerHttp.of_service(connections.server, environment, sys.argv[2]) as http:
    print(http.request("GET", "/health").status, flush=True)
    time.sleep(300)
"""


def container(lab: Lab) -> str:
    """The live backend's."""
    (name,) = lab.on_server(*RUNNING).split()
    return name


def service(lab: Lab) -> str:
    """Its service."""
    return container(lab).removeprefix("gw2-staging-").removesuffix("-1")


def ours(lab: Lab) -> int:
    """Programs of ours in the container."""
    return int(lab.on_server("bash", "-c", OURS, "ours", container(lab)))


def becomes(lab: Lab, number: int) -> bool:
    """Whether so many of them run in time: far less than the minute after which they end by their own clock."""
    until = time.monotonic() + 45
    while ours(lab) != number and time.monotonic() < until:
        time.sleep(0.2)
    return ours(lab) == number


@pytest.fixture
def http(lab: Lab, connections: OpenConnections, environment: Environment) -> Iterator[ContainerHttp]:
    with ContainerHttp.of_service(connections.server, environment, service(lab)) as opened:
        yield opened


def test_one_program_sends_them_all_and_ends_with_the_block(lab: Lab, connections: OpenConnections,
                                                            environment: Environment) -> None:
    with ContainerHttp.of_service(connections.server, environment, service(lab)) as http:
        assert {http.request("GET", "/health").status for _ in range(5)} == {200}
        assert ours(lab) == 1
    assert becomes(lab, 0)


def test_a_killed_run_leaves_none(lab: Lab) -> None:
    with subprocess.Popen((sys.executable, "-c", ASKS, lab.environment, service(lab)), cwd=ROOT, stdout=subprocess.PIPE,
                          text=True) as run:
        assert run.stdout
        assert run.stdout.readline() == "200\n"
        assert ours(lab) == 1
        run.kill()
    assert becomes(lab, 0)


def test_a_killed_docker_command_leaves_none_and_the_next_request_has_another(lab: Lab, http: ContainerHttp) -> None:
    assert http.request("GET", "/health").status == 200
    lab.on_server("pkill", "-KILL", "-f", "(^|/)docker exec --interactive .*LONGEST")
    assert becomes(lab, 0)
    assert http.request("GET", "/health").status == 200
    assert ours(lab) == 1


def test_a_container_that_stops_gives_no_reply_and_answers_again_once_it_is_back(lab: Lab, http: ContainerHttp) -> None:
    assert http.request("GET", "/health").status == 200
    name, shown = container(lab), service(lab)
    lab.on_server("docker", "stop", "--time", "1", name)
    try:
        with pytest.raises(EndpointUnavailable, match=f"/health gave no reply inside {shown}: no container of {shown}"):
            http.request("GET", "/health")
    finally:
        lab.on_server("docker", "start", name)
        until = time.monotonic() + MOST_S
        while lab.on_server(*HEALTH, name).strip() != "healthy":
            assert time.monotonic() < until
            time.sleep(0.5)
        # it may have another address now, and nginx asks for one when it loads its configuration
        lab.on_server("docker", "exec", "gw2-staging-nginx-1", "nginx", "-s", "reload")
        while lab.on_server(*USERS) != "200":
            assert time.monotonic() < until
            time.sleep(0.2)
    assert http.request("GET", "/health").status == 200
