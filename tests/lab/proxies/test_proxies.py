"""Users behind a proxy while containers are made anew: nginx keeps addresses until it is reloaded, Traefik follows itself."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from lab import images
from lab.processes import file_lock
from runbook_lib.core.commands import Command
from runbook_lib.environment import Environment
from runbook_lib.environment.logs import LogFile
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.mounted_files import stale_files
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.replaced_release import replaced_state
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.plans.nginx import follow_restarted, start_proxy, try_proxy
from runbook_lib.platform.plans.rollout import Choices, Rollout
from runbook_lib.release.facts.candidate import candidate_name
from runbook_lib.release.plans.candidate import candidate_steps
from runbook_lib.release.plans.replace_gates import measured_of
from runbook_lib.release.plans.replacement import (
    Replacement,
    replace_containers,
    replacement_of,
    write_override,
)
from tests.lab.proxies.conftest import Project
from tests.unit.observability.log_doubles import read
from tests.unit.platform.facts.test_replaced_release import NEW, OLD, release, text

NGINX = """
    image: gw2-lab/nginx:latest
    ports: ["127.0.0.1::80"]
    volumes: ["./nginx.conf:/etc/nginx/conf.d/default.conf:ro"]
    depends_on: {web: {condition: service_healthy}, worker: {condition: service_healthy}}
"""
CONFIGURATION = """server { listen 80; location / { proxy_pass http://web:8000; }
 location /worker { proxy_pass http://worker:8000; } }
"""
TRAEFIK = """
    image: gw2-lab/traefik:latest
    command: [--providers.docker, "--providers.docker.constraints=Label(`of`,`{name}`)", --providers.docker.exposedByDefault=false,
              "--entrypoints.web.address=:80", --accesslog, --accesslog.format={format}]
    ports: ["127.0.0.1::80"]
    volumes: ["/var/run/docker.sock:/var/run/docker.sock:ro"]
"""
LABELS = """
    labels: {{traefik.enable: "true", of: "{name}", traefik.http.routers.web.rule: "PathPrefix(`/`)",
              traefik.http.services.web.loadbalancer.server.port: "8000"}}
"""


def change_of(project: Project, environment: Environment) -> Replacement:
    """From the release OLD, which runs, to NEW."""
    of = dict.fromkeys(("web", "worker"), f"{project.image}:{OLD}")
    containers = tuple(Container(project.container(name), name, image, "sha256:0", "running", "healthy", 0, False, 0, None)
                       for name, image in of.items())
    history: tuple[Release, ...] = (release(OLD, "v1.0.0", of),)
    state = replaced_state(environment, text(OLD, "v1.0.0", of), history, containers)
    deployed = Deployed(None, OLD, None, None, None, frozenset(), history, by_hand=state.by_hand, replaced=state)
    target = Target(NEW, "v1.1.0", {}, "", frozenset(), None)
    return replacement_of(Rollout(environment, deployed, target, Choices("ann", "why"), containers))


@pytest.fixture
def behind_nginx(project: Project) -> tuple[Project, Replacement]:
    """The project behind an nginx whose only file is mounted by its own name, as many people have it."""
    project.write(NGINX)
    (project.folder / "nginx.conf").write_text(CONFIGURATION)
    project.compose("up", "--detach", "--wait")
    project.until(lambda: project.ask()[0] == 200, "the project does not come up")
    return project, change_of(project, project.environment({"service": "entrance", "kind": "nginx"}))


def test_an_nginx_finds_the_containers_that_a_release_made_anew_and_those_that_an_undo_did(behind_nginx: tuple[Project, Replacement]) -> None:
    project, change = behind_nginx
    before, step = project.address("web"), replace_containers(change, "an outage")
    *actions, follow = [one for one in step.actions if isinstance(one, Command)]
    project.compose("stop", "web")
    project.compose("run", "--detach", "--no-deps", "worker", "sleep", "600")  # another container takes the address meanwhile
    assert not project.act(write_override(change).actions[0], *actions)
    assert project.address("web") != before
    # what users had before 20 reloaded it: two containers start at once, and an address is another one's or has no container any more
    stale = {path: project.ask(path) for path in ("/", "/worker")}
    named = {"/": project.container("web")[:12], "/worker": project.container("worker")[:12]}
    assert stale != {path: (200, one) for path, one in named.items()}
    assert not project.act(follow)
    assert {path: project.ask(path) for path in named} == {path: (200, one) for path, one in named.items()}
    assert not project.act(*write_override(change).undo_files, *step.undo)
    named = {"/": project.container("web")[:12], "/worker": project.container("worker")[:12]}
    assert {path: project.ask(path) for path in named} == {path: (200, one) for path, one in named.items()}


def test_an_nginx_that_would_refuse_its_files_is_found_before_anything_changes(behind_nginx: tuple[Project, Replacement]) -> None:
    project, change = behind_nginx
    step, = try_proxy(change.rollout.environment)
    assert not project.act(*step.actions)
    with (project.folder / "nginx.conf").open("a") as file:  # the same file: another one it would not see
        file.write("server { listen 80; proxy_pass http://nowhere.invalid; }\n")
    failed = project.act(*step.actions)
    assert failed is not None and 'directive is not allowed here' in failed.stderr
    # and one that has loaded its files goes on with them
    assert not project.act(*follow_restarted(change.rollout.environment))
    assert project.ask()[0] == 200


def test_what_does_not_run_keeps_no_correction_back_and_a_name_of_no_service_does(behind_nginx: tuple[Project, Replacement]) -> None:
    """`nginx -t` refuses a name that no running container has, which is when a release or a restore is to start one."""
    project, change = behind_nginx
    step, = try_proxy(change.rollout.environment)
    project.compose("stop", "web")
    assert not project.act(*step.actions)
    project.compose("start", "web")
    project.until(lambda: "healthy" in project.compose("ps", "web", "--format", "{{.Health}}"), "web does not start")
    assert not project.act(*step.actions)
    with (project.folder / "nginx.conf").open("a") as file:
        file.write("server { listen 81; location / { proxy_pass http://wbe:8000; } }\n")
    failed = project.act(*step.actions)
    assert failed is not None and 'host not found in upstream "wbe"' in failed.stderr


def test_an_nginx_that_ended_with_the_release_is_started_once_that_runs(behind_nginx: tuple[Project, Replacement]) -> None:
    project, change = behind_nginx
    project.compose("stop", "entrance", "web", "worker")
    started, = start_proxy(change.rollout.environment, change.rollout.containers)
    project.act(*started.actions)
    project.until(lambda: project.compose("ps", "--status", "running", "--quiet", "entrance") == "", "nginx runs without what it names")
    step = replace_containers(change, "an outage")
    replaced = [one for one in step.actions if isinstance(one, Command)]
    assert not project.act(write_override(change).actions[0], *replaced, *started.actions)
    project.until(lambda: project.ask() == (200, project.container("web")[:12]), "users get no answer")


def test_a_file_that_a_checkout_replaced_is_named_until_nginx_is_started_anew(behind_nginx: tuple[Project, Replacement]) -> None:
    project, change = behind_nginx
    connections: Any = SimpleNamespace(server=project)
    question = stale_files(change.rollout.environment, "entrance")
    assert question.fetch(connections) == ()
    new = project.folder / "new.conf"
    new.write_text(CONFIGURATION.replace("location /worker", "location /other"))
    new.replace(project.folder / "nginx.conf")  # as git does
    assert not project.act(*follow_restarted(change.rollout.environment))
    assert project.ask("/worker")[1] == project.container("worker")[:12], "a reload reads the earlier file"
    assert [one.place for one in question.fetch(connections)] == ["/etc/nginx/conf.d/default.conf"]
    project.compose("restart", "entrance")
    project.until(lambda: project.ask("/other")[1] == project.container("worker")[:12], "the new file is not read")
    assert question.fetch(connections) == ()


@pytest.mark.parametrize("log_format", ["json", "common"])
def test_traefik_follows_itself_never_sends_users_to_a_candidate_and_its_log_is_read(project: Project, log_format: str) -> None:
    with file_lock("images"):
        images.ensure_images(images.TRAEFIK)
    project.write(TRAEFIK.format(name=project.name, format=log_format), LABELS.format(name=project.name))
    project.compose("up", "--detach", "--wait")
    project.until(lambda: project.ask()[0] == 200, "the project does not come up")
    change = change_of(project, project.environment({"kind": "traefik"}))
    step = replace_containers(change, "an outage")
    assert not [one for one in step.actions if "nginx" in str(one)]
    live = project.container("web")[:12]
    (tried, *_), _ = candidate_steps(change, measured_of(change), None)
    start, end = (one for one in tried.actions if isinstance(one, Command))
    assert not project.act(write_override(change).actions[0], start)
    answered = {project.ask("/?with=candidate")[1] for _ in range(40)}
    assert answered == {live}, candidate_name(change.rollout.environment, "web")
    assert not project.act(end)
    assert not project.act(*step.actions)
    project.until(lambda: project.ask() == (200, project.container("web")[:12]), "Traefik does not follow")
    project.ask("/last?q=1")
    lines = [line for line in project.output("docker", "logs", project.container("entrance")).splitlines() if "/last" in line]
    rows, unreadable = read(LogFile(kind="access", format="traefik", service="entrance"), "\n".join(lines).encode() + b"\n")
    assert [(row["path"], row["status"], 0 <= float(str(row["seconds"])) < 5) for row in rows] == [("/last", 200, True)], lines
    assert unreadable == {}
    assert lines[0].startswith("{") == (log_format == "json") and (log_format != "json" or json.loads(lines[0])["OriginStatus"] == 200)


def test_the_label_that_keeps_traefik_away_is_what_keeps_it_away(project: Project) -> None:
    """Without it Traefik sends users to a candidate as soon as that is healthy."""
    with file_lock("images"):
        images.ensure_images(images.TRAEFIK)
    project.write(TRAEFIK.format(name=project.name, format="json"), LABELS.format(name=project.name))
    project.compose("up", "--detach", "--wait")
    project.until(lambda: project.ask()[0] == 200, "the project does not come up")
    change = change_of(project, project.environment({"kind": "traefik"}))
    (tried, *_), _ = candidate_steps(change, measured_of(change), None)
    start, end = (one for one in tried.actions if isinstance(one, Command))
    words = [word for place, word in enumerate(start.argv) if "traefik.enable=false" not in start.argv[place:place + 2]]
    assert not project.act(write_override(change).actions[0], replace(start, argv=tuple(words)))
    live = project.container("web").splitlines()[0][:12]
    project.until(lambda: project.ask()[1] not in ("", live), "Traefik sends no one to a container without the label")
    assert not project.act(end)
