"""Data that a release would not find again, on a real engine: what runs is compared with what Compose makes of the release."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from runbook_lib.environment import Environment
from runbook_lib.release.checks.kept_volumes import volumes_are_kept
from runbook_lib.release.checks.service_settings import data_folder_is_kept, services_run_as_now
from runbook_lib.release.checks.volume_options import volumes_followed
from runbook_lib.release.facts.repository import ReleaseTree, inspect_release
from tests.lab.proxies.conftest import Project
from tests.unit.release.repositories import git

COMPOSE = """services:
  db:
    image: {image}:latest
    init: true
    command: [sleep, infinity]
    environment: {{PGDATA: /var/lib/postgresql/{data}, OTHER: "a=b"}}
    {settings}
    volumes: ["{folder}:/var/lib/postgresql/data", "kept:/var/lib/kept"]
volumes: {{kept: {options}}}
"""


SETTINGS = """restart: unless-stopped
    hostname: node-1
    shm_size: 128m
    stop_grace_period: 20s
    ulimits: {nofile: 2048}
    mem_limit: 256m
    user: daemon
    security_opt: ["no-new-privileges:true"]
    cap_drop: [ALL]"""


def survey(project: Project, folder: str, options: str = "{}", data: str = "data", settings: str = SETTINGS) -> ReleaseTree:
    """The release with the database in that folder, which is committed and not checked out anew."""
    text = COMPOSE.format(image=project.image, folder=folder, options=options, data=data, settings=settings)
    (project.folder / "compose.yml").write_text(text)
    git(project.folder, "commit", "--quiet", "--all", "--allow-empty", "--message", folder)
    git(project.folder, "push", "--quiet", "--force", "origin", "HEAD:refs/heads/main")
    connections: Any = SimpleNamespace(server=project)
    return inspect_release(project.environment({"service": "entrance"}), "main").fetch(connections)


def judged(project: Project, tree: ReleaseTree) -> list[str]:
    environment, config = project.environment({"service": "entrance"}), tree.sources.compose
    assert config is not None and config.valid, config
    return [f"{one.verdict}: {one.measured}" for one in (*volumes_are_kept(config, tree.mounted, environment),
                                                         *volumes_followed(config, tree.volumes, project.name),
                                                         *data_folder_is_kept(config, tree.running, environment),
                                                         *services_run_as_now(config, tree.running, named(environment)))]


def named(environment: Environment) -> Environment:
    """The environment in which a release replaces the database, too."""
    web = environment.release.services["web"]
    return environment.model_copy(update={"release": environment.release.model_copy(update={"services": {"web": web, "db": web}})})


def test_a_database_that_a_release_moves_is_refused_before_it_begins_empty(project: Project, tmp_path_factory: Any) -> None:
    origin: Path = tmp_path_factory.mktemp("origin")
    git(origin, "init", "--quiet", "--bare")
    git(project.folder, "init", "--quiet")
    git(project.folder, "remote", "add", "origin", str(origin))
    (project.folder / "compose.yml").touch()
    git(project.folder, "add", "compose.yml")
    survey(project, "./data/pg")
    project.compose("up", "--detach")
    # what an operator runs once looks elsewhere, and is not the service
    project.compose("run", "--detach", "--no-deps", "--volume", f"{project.folder}/other:/var/lib/postgresql/data", "db", "sleep", "60")
    assert judged(project, survey(project, "./data/pg")) == []
    at = f"failed: db: {project.folder}/data/pg at /var/lib/postgresql/data now, "
    assert judged(project, survey(project, "./data/pg16")) == [f"{at}the folder data/pg16 in the release"]
    # Compose leaves a volume where it is, whatever a release says
    moved = "{driver_opts: {type: none, o: bind, device: /srv/kept}}"
    assert judged(project, survey(project, "./data/pg", moved)) == [
        "warning: kept: type is not set on the server, none in the release; kept: device is not set on the server, /srv/kept in the release"]
    assert judged(project, survey(project, "./data/pg", data="data/pg16")) == [
        "failed: PGDATA /var/lib/postgresql/data/pg16 in the release, /var/lib/postgresql/data now"]
    [found] = judged(project, survey(project, "./data/pg", settings="restart: 'no'\n    user: root"))
    assert [one.partition(" now")[0].rpartition(": ")[2] for one in found.split("; ")] == [
        "restart is unless-stopped", "shm_size 128 MiB", "stop_grace_period 20 s", "hostname node-1", "runs as daemon", "no-new-privileges is gone",
        "cap_drop ALL is gone"]
    survey(project, "./data/pg", moved)
    project.compose("up", "--detach")
    assert project.output("docker", "volume", "inspect", "--format", "{{json .Options}}", f"{project.name}_kept") == "null"
