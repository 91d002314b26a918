"""The application's slow layers, prebuilt in an engine, so that a deployment finds them in the layer cache.

Only Docker's own layer cache is filled. The deploy runbook still builds every release itself, from the commit; where
requirements or lock files differ, it builds their layers again.
"""

from __future__ import annotations

import hashlib
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab import images
from lab.engine import docker
from lab.processes import log_file, pipe, root
from lab.repository import build_repository

FIRST_RELEASE = "v3.1.0"
BUILDERS = ("python", "node", "nginx")  # the images that the parts are built in
PARTS = {"backend": ("PYTHON_IMAGE=gw2-lab/python:3.11",),
         "frontend": ("NODE_IMAGE=gw2-lab/node:latest", "NGINX_IMAGE=gw2-lab/nginx:latest")}
_DEPENDENCIES = ("backend/Dockerfile", "backend/requirements.txt", "frontend/Dockerfile", "frontend/package-lock.json")


def fingerprint() -> str:
    """Changes when one of the files changes that determine the slow layers."""
    content = b"\0".join((root() / "lab" / "app" / name).read_bytes() for name in _DEPENDENCIES)
    return hashlib.sha256(content).hexdigest()[:12]


def build_in(container: str) -> None:
    """Build the first release in the engine inside `container`, both parts concurrently. Raises CommandFailed."""
    with tempfile.TemporaryDirectory(prefix="gw2-layers-") as name, ThreadPoolExecutor(len(PARTS)) as together:
        repository = Path(name) / "repository"
        build_repository(repository)
        list(together.map(lambda part: _build(container, repository, part), PARTS))


def _build(container: str, repository: Path, part: str) -> None:
    arguments = [word for argument in PARTS[part] for word in ("--build-arg", argument)]
    archive = ("git", "-C", repository, "archive", f"{FIRST_RELEASE}:{part}")
    build = (docker(), "exec", "-i", container, "docker", "build", "--quiet", *arguments,
             "--label", f"{images.LABEL}=1", "--tag", f"gw2-lab/layers-{part}", "-")
    pipe(archive, build, log_file(f"layers-{part}"), timeout_s=900)
