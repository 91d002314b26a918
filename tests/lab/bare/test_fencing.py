"""A job belongs to a lock: whatever the link does, nothing of a run starts while another run holds the environment."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from lab.resilience.flaky_proxy import FlakyProxy
from lab.resilience.runner import wait_for
from runbook_lib.connections import OpenConnections, jobs, open_connections
from runbook_lib.connections.lock import EnvironmentLock, break_lock, lock_holder
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import LockHeld
from runbook_lib.core.plan import StepState

if TYPE_CHECKING:
    from runbook_lib.environment import Environment
    from tests.lab_server import Lab


@pytest.fixture
def other(environment: Environment) -> Iterator[OpenConnections]:
    """A second operator's connections."""
    with open_connections(environment) as opened:
        yield opened


@pytest.fixture
def run_id() -> str:
    return f"test-{uuid.uuid4().hex[:8]}"


@pytest.fixture(autouse=True)
def _retaken_by_the_next_step_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runbook_lib.connections.lock.holding.RETAKE_S", 60.0)


@pytest.fixture
def made(lab: Lab, environment: Environment, run_id: str) -> Iterator[Any]:
    """Lines that the jobs of the test's run have left on the server."""
    file = f"{environment.server.directory}/.runbook/{run_id}.made"
    yield SimpleNamespace(file=file, lines=lambda: lab.on_server("sh", "-c", f"cat {file} 2>/dev/null || true").split())
    lab.on_server("rm", "-f", file, f"{file}.begun", f"{file}.over")


def lock(connections: OpenConnections, environment: Environment, run_id: str, owner: str = "ana@here") -> EnvironmentLock:
    return EnvironmentLock(connections.server, environment, owner, run_id, "test")


def mark(made: Any, text: str) -> Command:
    return Command(("sh", "-c", f"echo {text} >> {made.file}"))


def test_a_job_whose_upload_comes_late_does_not_run_under_anothers_lock(
    environment: Environment, lab: Lab, other: OpenConnections, run_id: str, made: Any, tmp_path: Path
) -> None:
    proxy = FlakyProxy(environment.server.host, environment.server.port)
    key = lab.instance.address.known_hosts.read_text().split(maxsplit=1)[1]
    (tmp_path / "known").write_text(f"[127.0.0.1]:{proxy.port} {key}")
    settings = environment.server.model_copy(update={"port": proxy.port, "known_hosts_file": str(tmp_path / "known")})
    with open_connections(environment.model_copy(update={"server": settings})) as first:
        held = lock(first, environment, run_id)
        with held:
            assert jobs.wait(jobs.start(first.server, mark(made, "one"), f"{run_id}/1", held.fence)).state is StepState.PASSED
            proxy.cut()
            wait_for(lambda: lock_holder(other.server) is None, "the end of the holder", 60)
            with lock(other, environment, f"{run_id}-b", "ben@there") as second:
                proxy.restore()
                late = jobs.start(first.server, mark(made, "late"), f"{run_id}/2", held.fence)
                with pytest.raises(LockHeld, match="Nothing of it ran"):
                    jobs.wait(late)
                assert jobs.wait(jobs.start(other.server, mark(made, "two"), f"{run_id}-b/1", second.fence)).exit_code == 0
                with pytest.raises(LockHeld, match="ben@there"):
                    held.reacquire()
            with pytest.raises(LockHeld, match=f"Another run .{run_id}-b. has held the lock since"):
                held.reacquire()
    assert made.lines() == ["one", "two"]


def test_a_run_that_only_lost_its_link_goes_on_with_its_number(
    connections: OpenConnections, environment: Environment, run_id: str, made: Any
) -> None:
    with lock(connections, environment, run_id) as held:
        before = held.fence
        connections.server.link.transport().sock.close()
        wait_for(lambda: not held.held(), "the end of the channel", 60)
        held.reacquire()
        assert held.fence == before
        assert jobs.wait(jobs.start(connections.server, mark(made, "one"), f"{run_id}/1", held.fence)).exit_code == 0


def test_no_job_starts_in_the_moment_in_which_the_lock_is_broken(
    connections: OpenConnections, other: OpenConnections, environment: Environment, run_id: str, made: Any
) -> None:
    refused = 0  # none where the machine was faster than the one who broke the lock
    with lock(connections, environment, run_id) as held, ThreadPoolExecutor(4) as together:
        wanted = [together.submit(jobs.start, connections.server, mark(made, "first"), f"{run_id}/{number}", held.fence)
                  for number in range(12)]
        break_lock(other.server, environment, "ana@here", by="ben")
        with lock_when_free(other, environment, f"{run_id}-b", "ben") as second:
            jobs.wait(jobs.start(other.server, mark(made, "second"), f"{run_id}-b/1", second.fence))
        for one in wanted:
            try:
                jobs.wait(one.result())
            except LockHeld:
                refused += 1
    lines = made.lines()
    assert refused + len(lines) - 1 == 12
    assert lines.index("second") == len(lines) - 1, "what had started kept ben out, the rest never starts"


@contextmanager
def lock_when_free(connections: OpenConnections, environment: Environment, run_id: str, owner: str) -> Iterator[EnvironmentLock]:
    """The lock, once no job of the broken run is left: one that begins late keeps others out until it has refused itself."""
    with ExitStack() as stack:
        taken: list[EnvironmentLock] = []

        def is_taken() -> bool:
            with suppress(LockHeld):
                taken.append(stack.enter_context(lock(connections, environment, run_id, owner)))
            return bool(taken)

        wait_for(is_taken, "the end of the last job", 60)
        yield taken[0]


def test_a_lock_file_deleted_by_hand_lets_no_second_run_in(
    connections: OpenConnections, other: OpenConnections, environment: Environment, run_id: str, lab: Lab, made: Any
) -> None:
    with lock(connections, environment, run_id) as held:
        lab.on_server("sh", "-c", f"rm {environment.server.directory}/.runbook/*lock")
        record = lock_holder(other.server)
        assert record is not None
        assert record["run_id"] == run_id
        with pytest.raises(LockHeld, match="ana@here"), lock(other, environment, f"{run_id}-b"):
            pass
        assert jobs.wait(jobs.start(connections.server, mark(made, "one"), f"{run_id}/1", held.fence)).exit_code == 0
        waits = f"touch {made.file}.begun; until [ -e {made.file}.over ]; do sleep 0.1; done"
        job = jobs.start(connections.server, Command(("sh", "-c", waits), timeout_s=300), f"{run_id}/2", held.fence)
        wait_for(lambda: lab.on_server("sh", "-c", f"ls {made.file}.begun 2>/dev/null || true") != "", "the job", 60)
        lab.on_server("sh", "-c", f"rm {environment.server.directory}/.runbook/*lock")
    with pytest.raises(LockHeld, match="earlier run"), lock(other, environment, f"{run_id}-b"):
        pass
    lab.on_server("touch", f"{made.file}.over")
    assert jobs.wait(job).state is StepState.PASSED
    with lock(other, environment, f"{run_id}-b"):
        pass
