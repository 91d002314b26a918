"""Files of a container whose image has nothing but its program: the engine reads them, and they come back."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.engine import docker
from runbook_lib.environment.recovery import StaticAssets
from runbook_lib.recovery.plans.configuration_backup import scheduled_steps
from tests.lab.proxies.conftest import Project

# as an image from scratch, or of a distroless base: no shell, no tar, no sha256sum
BARE = "FROM gw2-lab/python:3.11\nRUN rm -f /bin/tar /usr/bin/tar /bin/bash /bin/sh /bin/dash /usr/bin/sha256sum\n"
COMPOSE = """services:
  api:
    image: {image}
    command: [python3, -c, "import pathlib, time; pathlib.Path('/data/a b').write_text('one'); time.sleep(600)"]
    stop_grace_period: 1s
    volumes: ["data:/data"]
volumes: {{data: {{}}}}
"""


@pytest.fixture
def bare(project: Project) -> Iterator[str]:
    name = f"{project.name}-bare"
    subprocess.run((docker(), "build", "--quiet", "--tag", name, "-"), input=BARE, text=True, check=True, capture_output=True)
    yield name
    project.compose("down", "--volumes", "--timeout", "1")
    project.output(docker(), "rmi", "--force", name)


def test_files_of_a_container_without_a_shell_are_archived(project: Project, bare: str, tmp_path: Path) -> None:
    (project.folder / "compose.yml").write_text(COMPOSE.format(image=bare))
    project.compose("up", "--detach")
    project.until(lambda: "a b" in project.compose("exec", "-T", "api", "python3", "-c", "import os; print(os.listdir('/data'))"),
                  "the file is there")
    described = project.environment({"kind": "other"})
    rules = described.configuration_backup.model_copy(update={
        "uploads": (StaticAssets(service="api", path="/data"),), "no_uploads_reason": None, "static_assets": None,
        "files_directory": str(tmp_path / "files")})
    steps = dict(scheduled_steps(described.model_copy(update={"configuration_backup": rules})))
    assert project.run(steps["files-api-data"]).stdout.startswith("published ")
    archive = next((tmp_path / "files").glob("*.tar.gz"))
    read = subprocess.run(("tar", "-xzOf", str(archive), "./a b"), capture_output=True, text=True, check=True)
    assert read.stdout == "one"
