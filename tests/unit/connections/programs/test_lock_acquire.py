"""The holder of the lock prunes old job folders on the server, and none that may still be needed."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from lab.resilience.runner import wait_for
from runbook_lib.connections.lock.holding import ACQUIRE

DAY_S = 86_400
MINE = "20261122T200000Z-aaaaaa"


def job_folder(home: Path, run_id: str, *, days: float, ended: bool = True) -> Path:
    """The folder of a run whose only job began so many days ago."""
    run = home / ".runbook/jobs" / run_id
    (run / "dump-1").mkdir(parents=True)
    (run / "dump-1/out").write_text("output\n")
    if ended:
        (run / "dump-1/exit").write_text("{}")
    then = time.time() - days * DAY_S
    os.utime(run, (then, then))
    return run


def take_and_release(home: Path, *, keep_runs: int = 2, keep_days: int = 30, silent_s: str = "5") -> str:
    words = ("bash", "-c", ACQUIRE, "lock", str(home), MINE, silent_s, str(keep_runs), str(keep_days))
    done = subprocess.run(words, input='{"owner": "anna"}\n', text=True, capture_output=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.strip()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Five old runs and a young one; the two newest by name are kept whatever their age."""
    for month in range(1, 6):
        job_folder(tmp_path, f"20260{month}01T000000Z-abc{month}", days=200 - 30 * month)
    job_folder(tmp_path, "20260101T000001Z-abcdef", days=3)
    return tmp_path


def runs(home: Path) -> list[str]:
    return sorted(path.name[:8] for path in (home / ".runbook/jobs").iterdir())


def test_old_job_folders_go_and_the_newest_stay_whatever_their_age(home: Path) -> None:
    assert take_and_release(home) == "taken"
    assert runs(home) == ["20260101", "20260401", "20260501"]  # of January the young one


def test_nothing_goes_while_there_are_few(home: Path) -> None:
    take_and_release(home, keep_runs=50)
    assert len(runs(home)) == 6


def test_a_run_with_a_job_that_has_no_end_stays(home: Path) -> None:
    unreconciled = job_folder(home, "20250101T000000Z-abc", days=300, ended=False)
    take_and_release(home)
    assert unreconciled.exists()


def test_tidying_that_outlives_its_holder_keeps_nobody_out(home: Path) -> None:
    slow = home / "programs/find"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\ntouch begun\nexec sleep 5\n")
    slow.chmod(0o755)
    words = ("bash", "-c", ACQUIRE, "lock", str(home), MINE, "5", "2", "30")
    holder = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                              env={"PATH": f"{slow.parent}:{os.environ['PATH']}"})
    with holder:
        assert holder.stdin
        holder.stdin.write('{"owner": "anna"}\n')
        holder.stdin.flush()
        wait_for((home / ".runbook/begun").exists, "the tidying", 10)
        lock = str(home / ".runbook/lock")
        assert subprocess.run(("flock", "-n", lock, "true")).returncode == 1
        holder.kill()
        holder.wait()
        assert subprocess.run(("flock", "-n", lock, "true")).returncode == 0


def test_the_run_that_takes_the_lock_keeps_its_own_folder(home: Path) -> None:
    mine = job_folder(home, MINE, days=300)
    for newer in ("20270101T000000Z-abc", "20270102T000000Z-abc"):
        job_folder(home, newer, days=1)
    take_and_release(home)
    assert mine.exists()


def test_what_is_not_named_like_a_run_is_left_alone(home: Path) -> None:
    foreign = job_folder(home, "notes $(touch here)", days=300)
    take_and_release(home, keep_runs=0)
    assert foreign.exists()
    assert runs(home) == ["20260101", "notes $("]


def test_the_lock_is_free_again_when_its_holder_has_gone(home: Path) -> None:
    assert [take_and_release(home), take_and_release(home)] == ["taken", "taken"]


def test_a_server_without_jobs_is_no_trouble(tmp_path: Path) -> None:
    assert take_and_release(tmp_path) == "taken"
