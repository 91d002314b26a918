"""A job of a release runs with the release's image, before its containers are made anew, and one that fails replaces nothing."""

from __future__ import annotations

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.environment import Environment
from runbook_lib.environment.release import Job
from runbook_lib.environment.services import Service
from runbook_lib.release.plans.replace_gates import measured_of
from runbook_lib.release.plans.replace_jobs import job_steps
from tests.lab.proxies.conftest import SERVICE, Project
from tests.lab.proxies.test_proxies import NGINX, change_of
from tests.unit.platform.facts.test_replaced_release import NEW

# one that others wait for, as people have it; its own container name included
SETUP = """
  setup:
    image: {image}:latest
    container_name: {image}-setup
    command: [sh, -c, 'echo "$$RELEASE" >>/out/releases; exit $$(cat /out/code)']
    volumes: ["./out:/out"]
    restart: on-failure
"""


@pytest.fixture
def with_setup(project: Project) -> Project:
    (project.folder / "out").mkdir()
    (project.folder / "out" / "code").write_text("0")
    (project.folder / "nginx.conf").write_text("server { listen 80; location / { proxy_pass http://web:8000; } }\n")
    project.write(NGINX)
    file = project.folder / "compose.yml"
    waits = SERVICE.format(image=project.image) + "\n    depends_on: {setup: {condition: service_completed_successfully}}"
    file.write_text(file.read_text().replace(f"  web:{SERVICE.format(image=project.image)}", f"  web:{waits}")
                    + SETUP.format(image=project.image))
    # the images of two releases differ in what they are called
    for tag, name in (("latest", "earlier"), (NEW, "next")):
        made = project.output("docker", "create", "gw2-lab/python:3.11", "true")
        project.output("docker", "commit", "--change", f"ENV RELEASE={name}", made, f"{project.image}:{tag}")
        project.output("docker", "rm", "--force", "--volumes", made)
    project.compose("up", "--detach", "--wait", "web", "worker", "entrance")
    return project


def with_job(environment: Environment, image: str) -> Environment:
    setup = Service(title="Setup", required=False, absent_reason="it runs once and ends")
    release = environment.release.model_copy(update={"jobs": {"setup": Job(image=image)}})
    return environment.model_copy(update={"release": release, "services": {**environment.services, "setup": setup}})


def releases(project: Project) -> list[str]:
    return (project.folder / "out" / "releases").read_text().split()


def test_a_job_runs_once_with_the_image_of_the_release_while_the_earlier_one_serves(with_setup: Project) -> None:
    project = with_setup
    change = change_of(project, with_job(project.environment({"kind": "other"}), project.image))
    web = project.container("web")
    assert releases(project) == ["earlier"], "as its owners' own `docker compose up` did"
    step, = job_steps(change, measured_of(change))
    assert not project.act(*step.actions)
    assert releases(project) == ["earlier", "next"]
    assert project.container("web") == web and project.ask()[0] == 200
    (project.folder / "out" / "code").write_text("3")
    failed = project.act(*step.actions)
    assert failed is not None and failed.returncode == 3
    assert releases(project) == ["earlier", "next", "next"], "one that fails is not started again"
    assert project.container("web") == web
    undo, = (one for one in step.undo if isinstance(one, Command))
    assert not project.act(undo)
    assert project.output("docker", "ps", "--all", "--quiet", "--filter", f"label=runbook.project={project.name}") == ""
