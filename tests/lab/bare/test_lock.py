"""The environment lock on a real server: one holder, never a stale one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from lab.resilience.runner import wait_for
from runbook_lib.connections import OpenConnections, jobs, open_connections
from runbook_lib.connections.lock import MAINTENANCE_WATCHDOG, EnvironmentLock, break_lock, lock_holder
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import LockHeld, PreconditionFailed, Refused
from runbook_lib.core.plan import StepState
from runbook_lib.environment.limits import Limits

if TYPE_CHECKING:
    from runbook_lib.environment import Environment
    from tests.lab_server import Lab

ELSEWHERE = """
import sys, time
from runbook_lib.connections import open_connections
from runbook_lib.connections.lock import EnvironmentLock
from runbook_lib.environment import load_environment
from runbook_lib.environment.limits import Limits
environment = load_environment(sys.argv[1])
silent_s = int(sys.argv[3])
limits = Limits(lock_silence_s=silent_s, lock_heartbeat_s=silent_s / 5)
environment = environment.model_copy(update={"limits": limits})
opened = open_connections(environment)
with EnvironmentLock(opened.server, environment, "kim@elsewhere", sys.argv[2], "deploy"):
    print("held", flush=True)
    time.sleep(120)
"""


@pytest.fixture
def other(environment: Environment) -> Iterator[OpenConnections]:
    """A second operator's connections."""
    with open_connections(environment) as opened:
        yield opened


@pytest.fixture
def run_id() -> str:
    return f"test-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def kim(lab: Lab, run_id: str, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock; indirectly with a parameter: and that loses it after so many silent seconds."""
    words = (lab.environment, run_id, str(getattr(request, "param", Limits().lock_silence_s)))
    process = subprocess.Popen([sys.executable, "-c", ELSEWHERE, *words], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def lock(
    connections: OpenConnections, environment: Environment, run_id: str, owner: str = "ana@here"
) -> EnvironmentLock:
    return EnvironmentLock(connections.server, environment, owner, run_id, "test")


def freed_within(connections: OpenConnections, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if lock_holder(connections.server) is None:
            return True
        time.sleep(0.1)
    return False


def test_the_second_is_told_who_holds_it(
    connections: OpenConnections, other: OpenConnections, environment: Environment, run_id: str
) -> None:
    with lock(connections, environment, run_id), pytest.raises(LockHeld) as caught, lock(other, environment, "second"):
        pass
    for word in ("ana@here", run_id, "test", "last heartbeat"):
        assert word in str(caught.value)
    assert lock_holder(connections.server) is None


@pytest.mark.usefixtures("kim")
def test_a_holder_in_another_process_is_seen(
    connections: OpenConnections, environment: Environment, run_id: str
) -> None:
    record = lock_holder(connections.server)
    assert record is not None
    assert (record["owner"], record["run_id"], record["environment"]) == ("kim@elsewhere", run_id, environment.name)


def test_a_killed_holder_frees_the_lock_within_seconds(
    connections: OpenConnections, environment: Environment, kim: subprocess.Popen[str]
) -> None:
    kim.kill()
    assert freed_within(connections, 60)
    with lock(connections, environment, "next"):
        pass


@pytest.mark.parametrize("kim", [8], indirect=True)  # three times as long outside tests: tests/unit/test_limits.py
def test_a_silent_holder_loses_the_lock(connections: OpenConnections, kim: subprocess.Popen[str]) -> None:
    os.kill(kim.pid, signal.SIGSTOP)
    assert freed_within(connections, 60)
    os.kill(kim.pid, signal.SIGCONT)


def test_of_many_at_once_exactly_one_gets_it(environment: Environment) -> None:
    refused = threading.Semaphore(0)

    def race(number: int) -> bool:
        with open_connections(environment) as opened:
            try:
                with lock(opened, environment, f"race-{number}", f"racer-{number}"):
                    return all(refused.acquire(timeout=60) for _ in range(5))
            except LockHeld:
                refused.release()
                return False

    with ThreadPoolExecutor(6) as together:
        assert sum(together.map(race, range(6))) == 1


RETAKE = "runbook_lib.connections.lock.holding.RETAKE_S"


def dropped(connections: OpenConnections, held: EnvironmentLock) -> None:
    """The link is cut, and the lock's own channel has noticed."""
    connections.server.link.transport().sock.close()
    wait_for(lambda: not held.held(), "the end of the channel", 60)


def test_a_dropped_link_is_noticed_and_the_lock_taken_again_before_the_next_step(
    connections: OpenConnections, environment: Environment, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RETAKE, 60.0)
    with lock(connections, environment, run_id) as held:
        dropped(connections, held)
        held.reacquire()
        assert held.held()


def test_a_run_that_only_looks_has_its_lock_again_soon_after_a_dropped_link(
    connections: OpenConnections, other: OpenConnections, environment: Environment, run_id: str
) -> None:
    with lock(connections, environment, run_id) as held:
        dropped(connections, held)
        wait_for(held.held, "the lock, automatically", 60)
        record = lock_holder(other.server)
        assert record is not None
        assert record["run_id"] == run_id
    assert freed_within(connections, 60)


def test_a_job_that_outlives_its_run_keeps_others_out_but_not_its_own_run(
    connections: OpenConnections, other: OpenConnections, environment: Environment, run_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(RETAKE, 60.0)  # as if the run were dead
    held = lock(connections, environment, run_id)
    with held:
        wait = 'until [ -e "$HOME/$1" ]; do sleep 0.1; done'
        job = jobs.start(connections.server, Command(("sh", "-c", wait, "sh", run_id)), f"{run_id}/long")
        connections.server.link.transport().sock.close()
        wait_for(lambda: lock_holder(other.server) == {"jobs": [f"jobs/{run_id}/long"]}, "the end of the run", 60)
        with pytest.raises(LockHeld, match="earlier run"), lock(other, environment, "second"):
            pass
        held.reacquire()
        other.server.run(Command(("sh", "-c", 'touch "$HOME/$1"', "sh", run_id)))
        assert jobs.wait(job).state is StepState.PASSED


def test_breaking_needs_the_owner_and_the_broken_run_finds_out(
    connections: OpenConnections, other: OpenConnections, environment: Environment, run_id: str
) -> None:
    with lock(connections, environment, run_id) as held:
        with pytest.raises(PreconditionFailed, match="ana@here"):
            break_lock(other.server, environment, "bob", by="ben")
        record = break_lock(other.server, environment, "ana@here", by="ben")
        assert record["run_id"] == run_id
        wait_for(lambda: not held.held(), "the end of the channel", 60)
        with lock(other, environment, "second"), pytest.raises(LockHeld, match="broken by ben"):
            held.reacquire()
    with pytest.raises(PreconditionFailed, match="not held"):
        break_lock(other.server, environment, "ana@here", by="ben")


def test_a_run_whose_door_was_opened_is_told_by_whom_and_that_it_can_be_finished(
    connections: OpenConnections, environment: Environment, run_id: str, lab: Lab
) -> None:
    broken = f"{environment.server.directory}/.runbook/broken"
    with lock(connections, environment, run_id) as held:
        record = f'{{"by": "{MAINTENANCE_WATCHDOG}", "at": "2026-11-25T03:00:00Z"}}'
        lab.on_server("sh", "-c", 'mkdir -p "$1" && printf %s "$3" > "$1/$2"', "sh", broken, run_id, record)
        dropped(connections, held)
        with pytest.raises(LockHeld, match="maintenance watchdog took over at 2026-11-25T03:00:00Z") as refused:
            held.reacquire()
    assert "finishes what was started" in refused.value.next_step


def test_letting_go_over_a_broken_link_hides_no_error(
    connections: OpenConnections, environment: Environment, run_id: str
) -> None:
    with pytest.raises(ZeroDivisionError), lock(connections, environment, run_id):  # noqa: PT012
        connections.server.link.transport().sock.close()
        raise ZeroDivisionError
    assert freed_within(connections, 60)


def test_plan_mode_takes_no_lock(environment: Environment, run_id: str) -> None:
    with (
        open_connections(environment, changes_allowed=False) as opened,
        pytest.raises(Refused),
        lock(opened, environment, run_id),
    ):
        pass


@pytest.mark.usefixtures("kim")
def test_no_child_of_the_holder_keeps_the_lock(connections: OpenConnections, lab: object) -> None:
    script = "for p in /proc/[0-9]*; do ls -l $p/fd 2>/dev/null | grep -q 'runbook/lock$' && echo $p; done; true"
    found = lab.on_server("sh", "-c", script)  # type: ignore[attr-defined]
    assert len(found.split()) == 1
