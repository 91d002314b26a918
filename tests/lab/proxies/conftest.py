"""A small project behind a proxy, on the engine of this machine: its replies name the container that gave them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab import images
from lab.engine import compose_plugin, docker, ensure_engine
from lab.processes import file_lock
from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.environment import Environment
from tests.unit.shop_environment import shop

SERVER = """import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["HOSTNAME"].encode())
http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
"""
SERVICE = """
    image: {image}:latest
    command: [python3, /server.py]
    volumes: ["./server.py:/server.py:ro"]
    stop_grace_period: 1s
    healthcheck: {{test: [CMD, python3, -c, "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000')"],
                   interval: 1s, timeout: 5s, retries: 30}}
"""
LIMIT_S = 60


@dataclass(frozen=True)
class Project:
    """The project's folder and name; its commands run here, as they run on a server."""

    folder: Path
    name: str

    @property
    def image(self) -> str:
        return f"{self.name}-web"

    def environment(self, proxy: dict[str, Any]) -> Environment:
        """The environment of this project: the shop's, with other services and that proxy."""
        return shop(
            compose={"project": self.name, "files": ["compose.yml"], "existing": True},
            server={"directory": str(self.folder), "host": "127.0.0.1", "user": "deploy", "key_file": "/x", "known_hosts_file": "/x"},
            services={name: {"title": name, "published": name == "entrance", "ports": [80]} for name in ("web", "worker", "db", "entrance")},
            release={"strategy": "recreate", "services": {"web": {"image": self.image, "port": 8000}, "worker": {"image": self.image}},
                     "api": "web", "writers": ["web", "worker"], "candidates": ["web"]},
            migrations=None, without=dict.fromkeys(("cache", "monitoring", "smoke", "migrations"), "there is none"),
            logs={}, health={"endpoints": {"/": {"title": "The page", "service": "web", "private": True}}}, proxy=proxy)

    def write(self, entrance: str, labels: str = "") -> None:
        """The Compose file: two services of one image, and the proxy."""
        service = SERVICE.format(image=self.image)
        (self.folder / "server.py").write_text(SERVER)
        text = f"services:\n  web:{service}{labels}\n  worker:{service}\n  entrance:\n{entrance}\n"
        (self.folder / "compose.yml").write_text(text)

    def compose(self, *words: str) -> str:
        return self.output("docker", "compose", "-p", self.name, "-f", "compose.yml", *words)

    def output(self, *words: str) -> str:
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, timeout=180)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def run(self, command: Command) -> subprocess.CompletedProcess[str]:
        """As a connection to a server does: what a fact asks."""
        return subprocess.run(command.argv, cwd=self.folder, input=str(command.stdin or ""), capture_output=True, text=True, check=True)

    def act(self, *actions: object) -> subprocess.CompletedProcess[str] | None:
        """Do commands and files of a step; gates are asked elsewhere. The first command that fails, or None."""
        for action in actions:
            if isinstance(action, WriteFile):
                Path(action.path).parent.mkdir(exist_ok=True)
                Path(action.path).write_text(str(action.content))
            elif isinstance(action, Command):
                done = subprocess.run(action.argv, cwd=self.folder, input=str(action.stdin or ""), capture_output=True, text=True,
                                      timeout=action.timeout_s)
                if done.returncode not in action.accepts:
                    return done
        return None

    def port(self) -> str:
        """Where the proxy is published; another place after it was started again."""
        return self.compose("port", "entrance", "80").rpartition(":")[2]

    def ask(self, path: str = "/", port: str = "") -> tuple[int, str]:
        """Status and text of a reply through the proxy; 0 for none. Whoever asks often gives the port."""
        port = port or self.port()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""
        except OSError:
            return 0, ""

    def until(self, good: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not good():
            assert time.monotonic() < deadline, f"{what}: {self.ask()}\n{self.compose('logs', '--tail', '20')}"
            time.sleep(0.2)

    def container(self, service: str) -> str:
        return self.compose("ps", "--quiet", service)

    def address(self, service: str) -> str:
        return self.output("docker", "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", self.container(service))


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A folder, and images of two releases; whatever was made of them is gone in the end."""
    ensure_engine()
    compose_plugin()
    with file_lock("images"):
        images.ensure_images()
    made = Project(tmp_path, f"gw2-lab-proxies-{os.getpid()}")
    tags = [f"{made.image}:{tag}" for tag in ("latest", "a" * 40, "b" * 40)]
    for tag in tags:
        made.output(docker(), "tag", "gw2-lab/python:3.11", tag)
    try:
        yield made
    finally:
        with contextlib.suppress(AssertionError):
            made.compose("down", "--volumes", "--remove-orphans", "--timeout", "1")
        for one in made.output(docker(), "ps", "--all", "--quiet", "--filter", f"label=runbook.project={made.name}").split():
            made.output(docker(), "rm", "--force", "--volumes", one)
        made.output(docker(), "rmi", "--force", *tags)
