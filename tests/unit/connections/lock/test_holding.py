"""Holding the lock over a link: taken once, kept through a dropped link, released for the next one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lab.resilience.runner import wait_for
from runbook_lib.connections.lock import EnvironmentLock, holding, lock_holder
from runbook_lib.connections.ssh import SshServer
from runbook_lib.core.errors import FactUnreadable, LockHeld, Refused
from tests.unit.connections.sshd import Sshd

STAGING = SimpleNamespace(name="staging", project="gw2-staging", compose=SimpleNamespace(variables_file=".env"))


def lock(server: SshServer, run_id: str = "run-a", owner: str = "ana") -> EnvironmentLock:
    return EnvironmentLock(server, STAGING, owner, run_id, "test")


@pytest.fixture(autouse=True)
def _taken_again_by_the_next_step_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "RETAKE_S", 60.0)


def test_one_holder_at_a_time_and_the_next_one_afterwards(sshd: Sshd) -> None:
    first, second = sshd.server(), sshd.server()
    with lock(first) as held:
        assert held.held()
        assert held.fence == "1 run-a"
        with pytest.raises(LockHeld, match="ana has held the lock"), lock(second, "run-b"):
            pass
    assert not held.held()
    with lock(second, "run-b") as later:
        assert later.fence == "2 run-b"
    first.close()
    second.close()


def test_a_dropped_link_keeps_the_number_unless_another_run_came(sshd: Sshd) -> None:
    first, second = sshd.server(), sshd.server()
    held = lock(first)
    with held:
        first.link.transport().close()
        wait_for(lambda: not held.held(), "the end of the channel", 60)
        wait_for(lambda: lock_holder(second) is None, "the end of the holder", 60)
        held.reacquire()
        assert held.fence == "1 run-a"
        first.link.transport().close()
        wait_for(lambda: lock_holder(second) is None, "the end of the holder", 60)
        with lock(second, "run-b"):
            pass
        with pytest.raises(LockHeld, match="run-b"):
            held.reacquire()
    first.close()
    second.close()


def test_plan_mode_takes_no_lock(sshd: Sshd) -> None:
    with pytest.raises(Refused, match="Plan mode"), lock(sshd.server(changes_allowed=False)):
        pass


def test_a_folder_that_cannot_be_made_is_said_to_be_so(sshd: Sshd) -> None:
    server = sshd.server()
    server.directory = "/proc/none"
    with pytest.raises(FactUnreadable, match="The lock cannot be taken"), lock(server):
        pass
    server.close()


def test_the_holders_end_without_an_answer_is_no_answer() -> None:
    channel: Any = SimpleNamespace(settimeout=lambda _: None, recv=lambda _: b"", recv_stderr_ready=lambda: False)
    with pytest.raises(EOFError):
        holding._first_line(channel, "h")
