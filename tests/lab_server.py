"""A staging server for the tests of one scope: restored in the state they need, gone when the last of them is over.

`RUNBOOK_TEST_LAB=name` takes an instance that is up already, as it is, and leaves it: for work on one test.
`RUNBOOK_KEEP_TEST_LAB=1` leaves the servers of the scopes up.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from lab import images, states
from lab.bare import up_bare
from lab.engine import ensure_engine
from lab.errors import LabError
from lab.instance import Instance, down
from lab.processes import file_lock, output
from tests.budget import WAITED
from tests.machine import MACHINE
from tests.scopes import BARE, Scope, scope_of

if TYPE_CHECKING:
    from runbook_lib.connections import OpenConnections
    from runbook_lib.core.redaction import Secret
    from runbook_lib.environment import Environment

ROOT = Path(__file__).parents[1]
FIRST_RELEASE, NEXT_RELEASE = "v3.1.0", "v3.2.0"
RUN_TIMEOUT_S = 600
WATCH_S, MINIMUM_REQUESTS = 10, 20
WAITED_S = pytest.StashKey[float]()
# Content, owner, mode and time of change of every file; links by their target; and what the engine holds, by id. The
# runtime of containers lays a file into /tmp for the moment in which a health check begins.
STATE = """cd / && find opt/gw2-wvwbuilder backups etc srv home root usr/local var/spool/cron ! -type d -printf '%p %l %M %u %g %s %T@\\n' | sort
find opt/gw2-wvwbuilder backups etc srv home root usr/local var/spool/cron -type d -printf '%p %M %u %g\\n' | sort
find opt/gw2-wvwbuilder backups etc srv home root -type f -exec sha256sum {} + | sort
docker image ls --all --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' | sort
docker container ls --all --no-trunc --format '{{.ID}} {{.Names}} {{.State}}' | sort
docker volume ls --format '{{.Name}}' | sort; docker network ls --no-trunc --format '{{.ID}} {{.Name}}' | sort
ls -A /tmp /dev/shm /var/tmp | grep -v ^runc-process"""

# the new configuration is in force when sshd listens again, which it shows by its pid file: not after some time
RELOAD_SSHD = "rm -f /run/sshd.pid; pkill -HUP -o -x sshd; until [ -s /run/sshd.pid ]; do sleep 0.05; done"


@dataclass(frozen=True)
class Lab:
    """A lab instance as tests meet it."""

    instance: Instance

    @property
    def name(self) -> str:
        """The environment's name: what `confirm` must say."""
        return self.instance.name

    @property
    def environment(self) -> str:
        """What `-e` takes, and `load_environment`."""
        return self.instance.address.environment

    def on_server(self, *words: str, user: str = "root") -> str:
        """The output of a command on the server, past all runbooks: how tests look and how they break things."""
        return output(self.instance.inside(*words, user=user), timeout_s=120)

    def state(self) -> list[str]:
        """Everything that a run could have changed, a line each."""
        lines = self.on_server("bash", "-c", STATE).splitlines()
        assert len(lines) > 500
        return lines

    def serving(self) -> dict[str, Any]:
        """What users get from /health through nginx."""
        reply: dict[str, Any] = json.loads(self.on_server("curl", "-sk", "--max-time", "10", "https://127.0.0.1/health"))
        return reply

    def other_release(self) -> str:
        """The good release that is not live."""
        return NEXT_RELEASE if self.serving()["version"] == FIRST_RELEASE else FIRST_RELEASE

    def runbook(self, *words: str, outputs: Path, timeout_s: float = RUN_TIMEOUT_S,
                variables: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """`runbook WORDS`, as an operator types it, with its archive in `outputs`."""
        program = Path(sys.executable).with_name("runbook")
        environment = {**os.environ, "RUNBOOK_OUTPUTS": str(outputs), **(variables or {})}
        return subprocess.run((program, *words), cwd=ROOT, env=environment, text=True, capture_output=True,
                              timeout=timeout_s)


class Servers:
    """The servers of this process: at most one is up, that of the scope whose tests run."""

    def __init__(self) -> None:
        self._scope: Scope | None = None
        self._going: list[threading.Thread] = []

    def of(self, scope: Scope) -> tuple[Lab, float]:
        """The scope's server, and the seconds that were spent waiting until its state or image had been made."""
        given = os.environ.get("RUNBOOK_TEST_LAB")
        instance = Instance(given or f"test-{scope.folder.replace('/', '-').replace('_', '-')}")
        if given or self._scope == scope:
            return Lab(instance), 0.0
        began = time.monotonic()
        self._prepare(scope)
        waited_s = time.monotonic() - began
        self._scope = scope
        if scope.state == BARE:
            up_bare(instance)
        else:
            states.restore(instance, scope.state)
        watch_shortly(instance)
        return Lab(instance), waited_s

    def leave(self, following: Scope | None) -> None:
        """Take the server down unless the next test is of its scope; that goes on during the next tests."""
        if self._scope is None or self._scope == following:
            return
        name = f"test-{self._scope.folder.replace('/', '-').replace('_', '-')}"
        self._scope = None
        if not os.environ.get("RUNBOOK_KEEP_TEST_LAB"):
            self._going.append(threading.Thread(target=down, args=(Instance(name),)))
            self._going[-1].start()

    @property
    def gone(self) -> bool:
        """Whether no server of this process is up or going down."""
        return self._scope is None and not any(thread.is_alive() for thread in self._going)

    def finish(self) -> None:
        """Return when the last server is gone."""
        for thread in self._going:
            thread.join()

    @staticmethod
    def _prepare(scope: Scope) -> None:
        try:
            ensure_engine()
            if scope.state != BARE:
                states.ensure(scope.state)
                return
            with file_lock("images"):
                images.ensure_images(images.BARE)
        except LabError as error:
            pytest.fail(str(error), pytrace=False)


SERVERS = Servers()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test of a server has its part of the machine; another one gives way to what is measured."""
    if not scope_of(item.nodeid).apart:
        MACHINE.share()
    elif SERVERS.gone:
        MACHINE.give_way()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """After the fixtures of a scope's last test its server goes."""
    yield
    SERVERS.leave(scope_of(nextitem.nodeid) if nextitem else None)


def pytest_sessionfinish() -> None:
    """No server outlives the tests."""
    SERVERS.finish()


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest) -> Lab:
    """The server of this folder's scope. Tests that change it put it back, or leave what the next one needs."""
    server, waited_s = SERVERS.of(scope_of(request.node.nodeid))
    request.node.stash[WAITED_S] = waited_s
    return server


@pytest.fixture(autouse=True)
def _waiting_is_no_work(request: pytest.FixtureRequest) -> None:
    """What a test waited for while others made its server's state is not in its scope's time."""
    if "lab" in request.fixturenames and (waited_s := request.node.parent.stash.get(WAITED_S, 0.0)):
        request.node.user_properties.append((WAITED, waited_s))
        request.node.parent.stash[WAITED_S] = 0.0


def watch_shortly(instance: Instance) -> None:
    """Less than the lab's own time: a release that was just deployed is watched again and again here.

    A busy machine sends fewer requests in that time than the plan asks for before it counts errors.
    """
    path = instance.address.folder / "environment.yaml"
    settings = yaml.safe_load(path.read_text()) | {
        "rollback": {"watch_s": WATCH_S, "minimum_requests": MINIMUM_REQUESTS}, "watch": {"duration_s": WATCH_S}}
    path.write_text(yaml.safe_dump(settings, sort_keys=False))


@pytest.fixture(scope="module")
def environment(lab: Lab) -> Environment:
    """The lab as the runbooks read it."""
    from runbook_lib.environment import load_environment

    return load_environment(lab.environment)


@pytest.fixture(scope="module")
def secrets(environment: Environment) -> dict[str, Secret]:
    """The lab's secrets, read as a run reads them."""
    from runbook_lib.connections.local import load_secrets

    return load_secrets(environment)


@pytest.fixture
def connections(environment: Environment, secrets: dict[str, Secret]) -> Iterator[OpenConnections]:
    """Connections to the lab, closed after the test."""
    from runbook_lib.connections import open_connections

    with open_connections(environment, secrets) as opened:
        yield opened
