"""A link that breaks: soon back it costs seconds; when it stays away, unknown is said to be unknown, and nothing is undone."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.resilience.flaky_proxy import FlakyProxy
from runbook_lib.connections import open_connections
from runbook_lib.core.commands import Command
from runbook_lib.core.plan import StepState
from runbook_lib.environment import load_environment
from runbook_lib.execution.backend import ServerBackend
from tests.faults.operators import FinishedRun, Operator, wait_for
from tests.lab_server import Lab
from tests.notebooks.sample_notebooks import CLOSE, ProjectDir

EnvironmentWith = Callable[..., str]
D = "/opt/gw2-wvwbuilder/.runbook/cut-link"
PLAN = '''\
from runbook_lib.core.commands import Command
from runbook_lib.core.plan import Plan, Step
D = "/opt/gw2-wvwbuilder/.runbook/cut-link"
plan = run.plan(Plan("try", run.environment.name, (
    Step("folder", "Make a folder", (Command(("mkdir", "-p", D)),), (Command(("rmdir", D)),)),
    Step("slow", "Take a while", (Command(("sh", "-c", f"touch {D}-begun; until [ -e {D}-over ]; do sleep 0.1; done"), timeout_s=300),)),
), undo_on_failure=True))'''


@pytest.fixture
def proxy(lab: Lab, tmp_path: Path) -> FlakyProxy:
    """A cable that can be cut; `tmp_path / "known"` holds the server's key for its port."""
    server = load_environment(lab.environment).server
    made = FlakyProxy(server.host, server.port)
    key = lab.instance.address.known_hosts.read_text().split(maxsplit=1)[1]
    (tmp_path / "known").write_text(f"[127.0.0.1]:{made.port} {key}")
    return made


def test_a_link_that_comes_back_before_a_step_has_begun_costs_seconds_and_nothing_else(proxy: FlakyProxy, environment_with: EnvironmentWith) -> None:
    environment = load_environment(environment_with(server={"port": proxy.port, "known_hosts_file": "./known"}))
    reported: list[str] = []

    def note(stream: str, text: str) -> None:
        reported.append(stream)
        if reported == ["link"]:  # it is back when its absence was noticed
            proxy.restore()

    with open_connections(environment) as connections:
        hands = ServerBackend(connections, environment, f"cut-{uuid.uuid4().hex[:8]}", "tests")
        with hands.lock("try"):
            proxy.cut()
            done = hands.perform(Command(("echo", "begun")), "step-1", note)
    assert (done.state, done.stdout.strip()) == (StepState.PASSED, "begun")
    assert reported[0] == "link"


@pytest.mark.slow
def test_a_link_that_stays_away_leaves_an_unknown_step_and_a_free_lock(
    operator: Operator, lab: Lab, proxy: FlakyProxy, environment_with: EnvironmentWith, project_dir: ProjectDir
) -> None:
    project_dir.add("10_try", PLAN, "run.execute(plan)", CLOSE)
    away = environment_with(server={"port": proxy.port, "known_hosts_file": "./known"}, limits={"reconnect_s": 5})
    running = operator.start("10_try", environment=away, apply=True)
    running.until("step_started", "slow")
    wait_for(lambda: lab.on_server("sh", "-c", f"ls -d {D}-begun 2>/dev/null || true") != "", "the job")
    proxy.cut()
    ended: FinishedRun = running.wait()
    lab.on_server("touch", f"{D}-over")
    wait_for(operator.lock_is_free, "the lock", 60)
    operator.checked(ended)
    assert (ended.code, ended.end["state"]) == (4, "inconclusive"), ended.output
    assert ended.states == {"folder": "passed", "slow": "unknown"}
    assert ended.undone == []
    assert "Nothing was undone" in ended.end["summary"]
    assert ended.end["where"].endswith("step slow")
    assert ended.end["next_step"].startswith("Run the notebook again")
    assert operator.run("10_try", apply=True).code == 0
    lab.on_server("rm", "-d", D, f"{D}-begun", f"{D}-over")
