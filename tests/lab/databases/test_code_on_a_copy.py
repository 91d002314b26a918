"""The live code on a copy of the schema, on the engine of this machine: it gets the words and the settings that it has."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator

import pytest

from lab import images
from lab.engine import ensure_engine
from lab.processes import file_lock
from runbook_lib.core import programs
from runbook_lib.release.facts.replaced_compatibility import _PROGRAM as PROGRAM
from runbook_lib.release.facts.replaced_compatibility import parse_compatibility
from tests.lab.databases.throwaway import IMAGE

KEY = "-----BEGIN KEY-----\na b\n-----END KEY-----"
# several lines, a tab, quotes, and signs that JSON writes in another way
CODE = """import http.server, os, socket
class Handler(http.server.BaseHTTPRequestHandler):
\tdef do_GET(self):
\t\tsocket.create_connection(("db", 5432), 5).close()
\t\tself.send_response(200 if os.environ["KEY"].split("\\n")[1] == 'a b' and 1 < 2 & 3 and os.environ["PLAIN"] == "b=c d" else 500)
\t\tself.end_headers()
http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
"""


def docker(*words: str, text: str = "") -> str:
    done = subprocess.run(("docker", *words), input=text, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(params=["RUN true", "RUN rm /bin/sh"], ids=["with a shell", "without a shell"])
def project(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database and an application, whose image has a shell or not."""
    ensure_engine()
    with file_lock("images"):
        images.ensure_images()
    name = f"gw2-lab-copy-{os.getpid()}"
    try:
        docker("build", "--quiet", "--tag", name, "-", text=f"FROM gw2-lab/python:3.11\nENV OF_IMAGE=1\n{request.param}\n")
        docker("network", "create", name)
        docker("run", "--detach", "--name", f"{name}-db", *labels(name, "db"), "--network", name, "--network-alias", "db",
               "--tmpfs", "/var/lib/postgresql/data", "--env", "POSTGRES_HOST_AUTH_METHOD=trust", IMAGE)
        docker("run", "--detach", "--name", f"{name}-web", *labels(name, "web"), "--network", name, "--env", f"KEY={KEY}",
               "--env", "PLAIN=b=c d", "--entrypoint", "python3", name, "-c", CODE)
        deadline = time.monotonic() + 120
        while subprocess.run(("docker", "exec", f"{name}-db", "pg_isready", "-q", "-h", "127.0.0.1")).returncode:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield name
    finally:
        for one in ("db", "web"):
            subprocess.run(("docker", "rm", "--force", "--volumes", f"{name}-{one}"), capture_output=True)
        subprocess.run(("docker", "network", "rm", name), capture_output=True)
        subprocess.run(("docker", "rmi", "--force", name), capture_output=True)


def labels(project: str, service: str) -> list[str]:
    return [f"--label=com.docker.compose.{one}" for one in (f"project={project}", f"service={service}", "oneoff=False")]


def test_the_code_starts_on_the_copy_with_every_word_and_every_variable_that_it_has(project: str) -> None:
    argv = ("bash", "-s", "--", project, "db", "postgres", "postgres", "public.none", "web", "web", project, "8000", "localhost",
            "1", "/", "true")
    done = subprocess.run(argv, input=programs.text(*PROGRAM), capture_output=True, text=True, timeout=420)
    found = parse_compatibility(done.stdout, "here")
    assert (found.outcome, found.message) == ("passed", "")
    assert found.before == found.after == found.anew == {"/": 200}
    assert docker("ps", "--all", "--quiet", "--filter", f"label=runbook.project={project}") == ""
    assert docker("network", "ls", "--quiet", "--filter", f"label=runbook.project={project}") == ""
