"""Who holds the lock, whatever was done to its files."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.connections.lock import inspecting, lock_holder
from runbook_lib.core.errors import FactUnreadable
from tests.unit.connections.local_server import locked


def record(folder: Path, pid: int, run_id: str = "run-a") -> None:
    born = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[19]
    text = json.dumps({"owner": "ana", "run_id": run_id})[:-1] + f', "pid": {pid}, "born": {born}, "heartbeat": "now"}}\n'
    (folder / "lock.json").write_text(text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / ".runbook"
    made.mkdir()
    return made


def test_a_new_server_and_an_old_free_lock(server: Any, folder: Path) -> None:
    assert lock_holder(server) is None
    for name in ("lock", "jobs.lock"):
        (folder / name).write_text("")
    (folder / "lock.json").write_text('{"owner": "ana", "pid": 1, "born": 999999999, "heartbeat": ""}')
    assert lock_holder(server) is None, "what a killed holder left does not count"


def test_a_held_lock(server: Any, folder: Path) -> None:
    with locked(folder / "lock") as holder:
        record(folder, holder.pid)
        for _ in range(2):
            found = lock_holder(server)
            assert found is not None
            assert (found["owner"], found["run_id"]) == ("ana", "run-a")
            (folder / "lock").unlink(missing_ok=True)  # by hand: the holder lives on
    assert lock_holder(server) is None


def test_jobs_that_go_on_without_a_holder(server: Any, folder: Path) -> None:
    job = folder / "jobs/run-a/dump-1"
    job.mkdir(parents=True)
    with subprocess.Popen(("sleep", "30"), start_new_session=True) as running:
        (job / "pid").write_text(f"{running.pid} 1\n")
        assert lock_holder(server) == {"jobs": ["jobs/run-a/dump-1"]}
        (job / "exit").write_text("{}")
        assert lock_holder(server) is None
        running.kill()
    with locked(folder / "jobs.lock", shared=True):
        assert lock_holder(server) == {"jobs": []}


def test_a_reply_that_is_none_is_unreadable(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspecting, "INSPECT", "echo Welcome")
    with pytest.raises(FactUnreadable, match="could not be read"):
        lock_holder(server)
