"""Breaking the lock needs the owner's name as shown, ends the holder, and leaves a record for its run."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from lab.resilience.runner import wait_for
from runbook_lib.connections.lock import EnvironmentLock, break_lock, holding, lock_holder
from runbook_lib.core.errors import LockHeld, PreconditionFailed, Refused
from tests.unit.connections.sshd import Sshd

STAGING = SimpleNamespace(name="staging", project="gw2-staging", compose=SimpleNamespace(variables_file=".env"))


def test_the_owner_must_be_typed_and_the_broken_run_finds_out(sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "RETAKE_S", 60.0)
    first, second = sshd.server(), sshd.server()
    with EnvironmentLock(first, STAGING, "ana@desk", "run-a", "test") as held:
        for typed in ("", "ana", "ANA@desk", "ben"):
            with pytest.raises(PreconditionFailed, match="held by 'ana@desk'"):
                break_lock(second, STAGING, typed, by="ben")
        assert held.held()
        assert break_lock(second, STAGING, "ana@desk", by="ben")["run_id"] == "run-a"
        wait_for(lambda: not held.held(), "the end of the holder", 60)
        with pytest.raises(LockHeld, match="broken by ben"):
            held.reacquire()
    assert lock_holder(second) is None
    note = json.loads((sshd.folder / "project/.runbook/broken/run-a").read_text())
    assert (note["by"], note["owner"]) == ("ben", "ana@desk")
    first.close()
    second.close()


def test_a_lock_that_is_not_held_cannot_be_broken(sshd: Sshd) -> None:
    server = sshd.server()
    with pytest.raises(PreconditionFailed, match="not held"):
        break_lock(server, STAGING, "ana", by="ben")
    server.close()
    with pytest.raises(Refused, match="Plan mode"):
        break_lock(sshd.server(changes_allowed=False), STAGING, "ana", by="ben")
