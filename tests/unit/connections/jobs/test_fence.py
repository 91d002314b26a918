"""A job starts only while its run holds the lock: the server itself compares the number, in the job's own lock."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.connections import jobs
from runbook_lib.core.errors import LockHeld
from runbook_lib.core.plan import StepState
from tests.unit.connections.local_server import drop, eventually, locked, nothing, sh


@pytest.fixture
def fence(server: Any, tmp_path: Path) -> Path:
    """The server's record of the last holder: run-a, with number 4."""
    folder = tmp_path / ".runbook"
    folder.mkdir()
    (folder / "fence").write_text("4 run-a\n")
    return folder / "fence"


def job(server: Any, fence: str = "4 run-a") -> jobs.Job:
    return jobs.start(server, sh("touch done", cwd=server.directory), "run-a/step", fence)


def refused(server: Any, tmp_path: Path, started: jobs.Job) -> bool:
    with pytest.raises(LockHeld, match="Nothing of it ran"):
        jobs.wait(started)
    return not (tmp_path / "done").exists()


@pytest.mark.usefixtures("fence")
def test_the_holders_job_runs(server: Any, tmp_path: Path) -> None:
    assert jobs.wait(job(server)).state is StepState.PASSED
    assert (tmp_path / "done").exists()


@pytest.mark.parametrize("record", ["5 run-b\n", "5 run-a\n", "4 run-b\n", "", "garbage\n", "4 run-a extra\n"])
def test_any_other_record_refuses_the_job(server: Any, tmp_path: Path, fence: Path, record: str) -> None:
    fence.write_text(record)
    assert refused(server, tmp_path, job(server))


def test_a_record_that_is_gone_refuses_the_job(server: Any, tmp_path: Path, fence: Path) -> None:
    fence.unlink()
    assert refused(server, tmp_path, job(server))


def test_a_run_whose_lock_was_broken_starts_nothing_more(server: Any, tmp_path: Path, fence: Path) -> None:
    (fence.parent / "broken").mkdir()
    (fence.parent / "broken/run-a").write_text("{}")
    assert refused(server, tmp_path, job(server))


def test_a_job_that_waits_while_another_takes_the_lock_does_not_start(server: Any, tmp_path: Path, fence: Path) -> None:
    with locked(fence.parent / "jobs.lock"):
        started = job(server)
        fence.write_text("5 run-b\n")  # as the taker does, before it lets go
    assert refused(server, tmp_path, started)


def test_an_upload_that_comes_late_does_not_start(server: Any, tmp_path: Path, fence: Path) -> None:
    def taken_meanwhile(doing: str) -> None:
        fence.write_text("5 run-b\n")
        drop(doing)

    server.before = [taken_meanwhile, nothing, nothing]
    assert refused(server, tmp_path, job(server))


def test_a_job_that_runs_keeps_the_lock_from_others(server: Any, tmp_path: Path, fence: Path) -> None:
    begun, over = tmp_path / "begun", tmp_path / "over"
    started = jobs.start(server, sh(f"touch {begun}; until [ -e {over} ]; do sleep 0.05; done"), "run-a/step", "4 run-a")
    assert eventually(begun.exists)
    assert subprocess.run(["flock", "-n", str(fence.parent / "jobs.lock"), "true"]).returncode != 0
    over.touch()
    assert jobs.wait(started).state is StepState.PASSED
