"""The reference application's own tests and build, in the images that its releases are built from."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab.engine import docker, ensure_engine
from lab.images import LABEL, ensure_images

APPLICATION = Path(__file__).parents[3] / "lab/app"
BACKEND = """
cp -r /source/. /work && cd /work
python3 -m venv /tmp/venv
/tmp/venv/bin/pip install --quiet --disable-pip-version-check -r requirements-test.txt
/tmp/venv/bin/python -m pytest -q -p no:cacheprovider
"""
FRONTEND = """
tar -C /source --exclude=./node_modules --exclude=./dist -c . | tar -x -C /work && cd /work
npm ci --no-audit --no-fund
npm test
npm run build
test -s dist/index.html
"""


def inside(image: str, source: Path, script: str) -> None:
    """Run a script in a fresh container that sees `source` and cannot change it; gone afterwards."""
    command = (docker(), "run", "--rm", "-i", "--label", f"{LABEL}=1", "--label", f"{LABEL}.test=1",
               "--volume", f"{source}:/source:ro", "--tmpfs", "/work:exec", "--entrypoint", "sh", image, "-eu")
    done = subprocess.run(command, input=script, text=True, capture_output=True, timeout=540)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]


@pytest.fixture(scope="module", autouse=True)
def images() -> None:
    ensure_engine()
    ensure_images()


def test_the_backend_passes_its_own_tests() -> None:
    inside("gw2-lab/python:3.11", APPLICATION / "backend", BACKEND)


def test_the_frontend_passes_its_own_tests_and_builds() -> None:
    inside("gw2-lab/node:latest", APPLICATION / "frontend", FRONTEND)
