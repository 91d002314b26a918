"""Users' requests are counted from what a real Caddy and a real Traefik write, while a release is watched; and a Caddy follows itself."""

from __future__ import annotations

import threading
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from lab import images
from lab.processes import file_lock
from runbook_lib.environment import Environment
from runbook_lib.environment.logs import LogFile
from runbook_lib.environment.traffic import Traffic as Rules
from runbook_lib.platform.facts.user_requests import AccessLog, begin_counting
from runbook_lib.release.plans.replacement import replace_containers, write_override
from tests.lab.proxies.conftest import Project
from tests.lab.proxies.test_proxies import LABELS, TRAEFIK, change_of
from tests.unit.observability.log_doubles import read

CADDY = """
    image: gw2-lab/caddy:latest
    ports: ["127.0.0.1::80"]
    volumes: ["./Caddyfile:/etc/caddy/Caddyfile:ro"]
    depends_on: {web: {condition: service_healthy}}
"""
CADDYFILE = """{
    auto_https off
    admin off
}
:80 {
    log
    handle /broken {
        respond 503
    }
    reverse_proxy web:8000
}
"""


def counting(environment: Environment, log_format: str) -> AccessLog:
    log = LogFile.model_validate({"kind": "access", "format": log_format, "service": "entrance"})
    return AccessLog(environment.model_copy(update={"logs": {"proxy": log}, "traffic": Rules(api="/")}))


@pytest.fixture
def behind_caddy(project: Project) -> Project:
    with file_lock("images"):
        images.ensure_images(images.CADDY)
    (project.folder / "Caddyfile").write_text(CADDYFILE)
    project.write(CADDY)
    project.compose("up", "--detach", "--wait")
    project.until(lambda: project.ask()[0] == 200, "the project does not come up")
    return project


def test_a_caddy_follows_itself_and_its_users_have_the_outage_alone(behind_caddy: Project) -> None:
    project = behind_caddy
    change = change_of(project, project.environment({"service": "entrance", "kind": "other"}))
    step = replace_containers(change, "an outage")
    assert not [one for one in step.actions if "nginx" in str(one)]
    answers: list[int] = []
    over = threading.Event()
    port = project.port()  # asking Compose each time takes longer than the outage on a busy machine

    def visit() -> None:
        while not over.wait(0.05):
            answers.append(project.ask(port=port)[0])

    users = threading.Thread(target=visit)
    users.start()
    try:
        project.until(lambda: bool(answers), "no user was answered")
        assert not project.act(write_override(change).actions[0], *step.actions)
        # the moment the new container is healthy
        assert project.ask() == (200, project.container("web")[:12])
    finally:
        over.set()
        users.join()
    assert set(answers) <= {200, 502}, Counter(answers)
    assert answers[0] == 200 and Counter(answers)[502] >= 1, "users meet the outage, and no other error"


def test_what_a_caddy_writes_is_counted_and_read(behind_caddy: Project) -> None:
    project = behind_caddy
    log, connections = counting(project.environment({"kind": "other"}), "caddy"), SimpleNamespace(server=project)
    project.ask("/before")
    project.until(lambda: "/before" in project.compose("logs", "entrance"), "it is not logged")
    any_connections: Any = connections
    assert begin_counting(log).fetch(any_connections).problem == ""
    for path in ("/one", "/two?a=b", "/broken"):
        project.ask(path)
    seen = log.read(any_connections)
    assert seen.traffic is not None and (seen.problem, seen.agents) == ("", True)
    assert (seen.traffic.requests, seen.traffic.errors) == (3, 1) and seen.traffic.p95_s is not None and seen.traffic.p95_s < 5
    lines = [line for line in project.compose("logs", "--no-log-prefix", "entrance").splitlines() if "/two" in line]
    rows, _ = read(LogFile(kind="access", format="caddy", service="entrance"), "\n".join(lines).encode() + b"\n")
    assert [(row["path"], row["status"]) for row in rows] == [("/two", 200)]


@pytest.mark.parametrize("log_format", ["json", "common"])
def test_what_a_traefik_writes_is_counted(project: Project, log_format: str) -> None:
    with file_lock("images"):
        images.ensure_images(images.TRAEFIK)
    project.write(TRAEFIK.format(name=project.name, format=log_format), LABELS.format(name=project.name))
    project.compose("up", "--detach", "--wait")
    project.until(lambda: project.ask()[0] == 200, "the project does not come up")
    log, connections = counting(project.environment({"kind": "traefik"}), "traefik"), SimpleNamespace(server=project)
    any_connections: Any = connections
    begin_counting(log).fetch(any_connections)
    for path in ("/one", "/two?a=b"):
        project.ask(path)
    seen = log.read(any_connections)
    assert seen.traffic is not None and seen.problem == ""
    # it keeps no header unless it is asked to: what sent a request is in neither format
    assert (seen.traffic.requests, seen.traffic.errors, seen.agents) == (2, 0, False)
    assert seen.traffic.p95_s is not None and seen.traffic.p95_s < 5
