"""A volume over an image's files, on a real engine: what it took from the earlier image hides the release's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.release.facts.overlaid_files import PROGRAM, OverlaidFiles, overlaid_files, parse_overlaid
from tests.lab.proxies.conftest import Project

IMAGE = """FROM gw2-lab/python:3.11
RUN mkdir -p /srv/static/sub /srv/data && cd /srv/static && echo {version} >app.css && echo same >same.css && touch /srv/data/.keep empty \\
    && echo {version} >"sub/with a space.js" && echo {version} >.gitignore && chmod 600 app.css
RUN mkdir /srv/own && echo {version} >/srv/own/page.html
VOLUME /srv/own
USER 65534
"""
# what Compose says of their volumes is not all: one is the image's own
SERVICES: dict[str, dict[str, Any]] = {"web": {}, "worker": {}}
COMPOSE = """services:
  web: &web
    image: {image}:latest
    init: true
    command: [sleep, infinity]
    volumes: ["static:/srv/static", "data:/srv/data"]
  worker: {{<<: *web}}
volumes: {{static: {{}}, data: {{}}}}
"""


def test_files_that_a_release_changes_below_a_volume_are_named(project: Project) -> None:
    connections: Any = SimpleNamespace(server=project)
    environment = project.environment({"service": "entrance"})
    found, built = [], []
    for version in ("v1", "v2"):
        (project.folder / "Dockerfile").write_text(IMAGE.format(version=version))
        built.append(project.output("docker", "build", "--quiet", "--tag", f"{project.image}:latest", "."))
        (project.folder / "compose.yml").write_text(COMPOSE.format(image=project.image))
        project.compose("up", "--detach")
        found.append(overlaid_files(environment, SERVICES, connections))
    static = OverlaidFiles("web", f"{project.name}_static", "/srv/static", ("app.css", "sub/with a space.js"))
    assert found[0] == ()
    assert [one for one in found[1] if one.target == static.target] == [static]
    # Compose hands the volumes of the image on, one a container
    assert sorted((one.service, one.target, *one.files) for one in found[1] if one.target != static.target) == [
        (service, "/srv/own", "page.html") for service in ("web", "worker")]
    # an image without a shell has the same files: the engine copies them
    bare = programs.text(*PROGRAM).replace("--entrypoint sh", "--entrypoint /no/sh").replace(
        '"sh": executable|file `sh` not found', "[Nn]o such file|not found")
    for most, names in (("100", ("app.css", "sub/with a space.js")), ("1", ())):
        copies = Command(("bash", "-s", "--", project.name, "web"), stdin=bare.replace("MOST_COPIED=100", f"MOST_COPIED={most}"), timeout_s=120)
        compared = parse_overlaid(project.run(copies).stdout)
        assert {one.target: one.files for one in compared} == {"/srv/static": names, "/srv/own": ("page.html",)}
    # what compared them is gone
    assert project.output("docker", "ps", "--all", "--quiet", "--filter", f"ancestor={project.image}:latest").count("\n") == 1
    # one that takes too long is stopped on the engine, too
    slow = programs.text(*PROGRAM).replace("LIMIT_S=60", "LIMIT_S=1").replace("find . -type", "sleep 300; find . -type")
    assert project.run(Command(("bash", "-s", "--", project.name, "web"), stdin=slow, timeout_s=120)).stdout == ""
    assert project.output("docker", "ps", "--all", "--quiet", "--filter", "label=runbook.job=overlaid-files") == ""
    project.output("docker", "rmi", built[0])
