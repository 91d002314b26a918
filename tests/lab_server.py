"""A staging server for the tests alone: made fresh, deployed and seeded once a session, gone at the end.

The tests in `lab` and in `faults` share it, except under `pytest -n`: there each worker has its own.

`RUNBOOK_TEST_LAB=name` takes an instance that is up already, as it is, and leaves it: for work on one test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from lab.engine import docker, ensure_engine
from lab.errors import LabError
from lab.instance import Instance, down, up
from lab.processes import output
from lab.seed import seed

if TYPE_CHECKING:
    from runbook_lib.connections import OpenConnections
    from runbook_lib.core.redaction import Secret
    from runbook_lib.environment import Environment

ROOT = Path(__file__).parents[1]
FIRST_RELEASE, NEXT_RELEASE = "v3.1.0", "v3.2.0"
RUN_TIMEOUT_S = 600
WATCH_S = 10
# Content, owner, mode and time of change of every file; links by their target; and what the engine holds, by id. The
# runtime of containers lays a file into /tmp for the moment in which a health check begins.
STATE = """cd / && find opt/gw2-wvwbuilder backups etc srv home root usr/local var/spool/cron ! -type d -printf '%p %l %M %u %g %s %T@\\n' | sort
find opt/gw2-wvwbuilder backups etc srv home root usr/local var/spool/cron -type d -printf '%p %M %u %g\\n' | sort
find opt/gw2-wvwbuilder backups etc srv home root -type f -exec sha256sum {} + | sort
docker image ls --all --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' | sort
docker container ls --all --no-trunc --format '{{.ID}} {{.Names}} {{.State}}' | sort
docker volume ls --format '{{.Name}}' | sort; docker network ls --no-trunc --format '{{.ID}} {{.Name}}' | sort
ls -A /tmp /dev/shm /var/tmp | grep -v ^runc-process"""


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
        said: dict[str, Any] = json.loads(self.on_server("curl", "-sk", "--max-time", "10", "https://127.0.0.1/health"))
        return said

    def other_release(self) -> str:
        """The good release that does not serve now."""
        return NEXT_RELEASE if self.serving()["version"] == FIRST_RELEASE else FIRST_RELEASE

    def runbook(self, *words: str, outputs: Path, timeout_s: float = RUN_TIMEOUT_S,
                variables: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """`runbook WORDS`, as an operator types it, with its archive in `outputs`."""
        program = Path(sys.executable).with_name("runbook")
        environment = {**os.environ, "RUNBOOK_OUTPUTS": str(outputs), **(variables or {})}
        return subprocess.run((program, *words), cwd=ROOT, env=environment, text=True, capture_output=True,
                              timeout=timeout_s)


def _engine_or_reason() -> str:
    """Empty when an engine answers; else why none can."""
    try:
        ensure_engine()
        docker()
    except LabError as error:
        return str(error)
    return ""


@pytest.fixture(scope="session")
def empty_lab(worker_id: str) -> Iterator[Lab]:
    """A server with nothing deployed yet; the same one that `lab` deploys to. Each of several workers has its own."""
    given = os.environ.get("RUNBOOK_TEST_LAB")
    if given:
        yield Lab(Instance(given))
        return
    reason = _engine_or_reason()
    if reason:
        pytest.fail(reason, pytrace=False)
    instance = Instance(f"test-{worker_id}" if worker_id != "master" else "test")
    down(instance)
    try:
        up(instance)
        watch_shortly(instance)
        yield Lab(instance)
    finally:
        if not os.environ.get("RUNBOOK_KEEP_TEST_LAB"):
            down(instance)


@pytest.fixture(scope="session")
def lab(empty_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A server on the first release with seeded data. Tests that change it put it back."""
    if not os.environ.get("RUNBOOK_TEST_LAB"):
        bring_up(empty_lab, tmp_path_factory.mktemp("bring-up"))
    return empty_lab


def watch_shortly(instance: Instance) -> None:
    """Less than the lab's own time: a release that was just deployed is watched again and again here."""
    path = instance.address.folder / "environment.yaml"
    settings = yaml.safe_load(path.read_text()) | {"rollback": {"watch_s": WATCH_S}, "watch": {"duration_s": WATCH_S}}
    path.write_text(yaml.safe_dump(settings, sort_keys=False))


def bring_up(lab: Lab, outputs: Path) -> None:
    """An empty server gets the first release, by its runbook, and data."""
    deployed = lab.runbook("run", "20_deploy", "-e", lab.environment, "-p", f"ref={FIRST_RELEASE}", "--apply",
                           "--confirm", lab.name, "--reason", "tests: first release", outputs=outputs)
    if deployed.returncode != 0:
        pytest.fail(f"The lab could not be deployed (exit code {deployed.returncode}).\n"
                    f"{deployed.stdout[-4000:]}\n{deployed.stderr[-4000:]}", pytrace=False)
    seed(lab.instance)


@pytest.fixture(scope="session")
def environment(empty_lab: Lab) -> Environment:
    """The lab as the runbooks read it."""
    from runbook_lib.environment import load_environment

    return load_environment(empty_lab.environment)


@pytest.fixture(scope="session")
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
