"""Following and stopping detached jobs, run by a real bash on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.connections import jobs
from runbook_lib.connections.jobs import program
from runbook_lib.core.plan import StepState
from tests.unit.connections.local_server import alive, done, drop, eventually, sh


def test_output_is_heard_while_it_comes(server: Any, tmp_path: Path) -> None:
    heard: list[tuple[str, str]] = []
    first = tmp_path / "first"

    def hear(stream: str, text: str) -> None:
        heard.append((stream, text))
        first.touch()

    done(server, sh(f"echo a; until [ -e {first} ]; do sleep 0.05; done; echo b"), on_output=hear)
    assert heard == [("out", "a\n"), ("out", "b\n")]


@pytest.mark.slow
def test_the_server_itself_ends_a_job_that_runs_too_long(server: Any) -> None:
    for limit_s in (2, 10, 50):  # on a busy machine its first line may take longer than the first of them
        outcome = done(server, sh("echo begun; sleep 600 & sleep 600", timeout_s=limit_s), f"run/{limit_s}")
        if outcome.stdout_tail:
            break
    assert outcome.state is StepState.TIMED_OUT
    assert outcome.stdout_tail == "begun\n"
    assert outcome.seconds < 300


def test_a_job_can_be_stopped_with_everything_it_started(server: Any, tmp_path: Path) -> None:
    job = jobs.start(server, sh("sleep 987 & echo $! > child; sleep 987", cwd=str(tmp_path)), "run/step")
    child = tmp_path / "child"
    assert eventually(lambda: child.exists() and bool(child.read_text()))
    outcome = jobs.stop(job)
    assert outcome.state is StepState.ABORTED
    assert eventually(lambda: not alive(int(child.read_text())))


def test_a_stop_in_the_moment_in_which_the_action_begins_ends_it_too(server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by thinking of a signal between two lines: the job was reported as ended, and its action went on."""
    supervisor, begun = program._SUPERVISOR_END, tmp_path / "begun"
    signalled = supervisor.replace("child=$!\n", f"until [ -e {begun} ]; do sleep 0.02; done; kill -TERM $$\nchild=$!\n", 1)
    assert signalled != supervisor
    monkeypatch.setattr(program, "_SUPERVISOR_END", signalled)
    outcome = done(server, sh(f"echo $$ >{tmp_path}/pid; mv {tmp_path}/pid {begun}; exec sleep 300"))
    assert outcome.state is StepState.ABORTED
    assert eventually(lambda: not alive(int(begun.read_text())), 20)


def test_waiting_shorter_than_the_job_stops_it(server: Any) -> None:
    assert done(server, sh("sleep 30"), timeout_s=0.5).state is StepState.TIMED_OUT


def test_a_killed_supervisor_leaves_an_unknown_outcome(server: Any, tmp_path: Path) -> None:
    job = jobs.start(server, sh("sleep 30"), "run/step")
    pid = tmp_path / ".runbook/jobs/run/step/pid"
    assert eventually(pid.exists)
    os.kill(int(pid.read_text().split()[0]), signal.SIGKILL)
    outcome = jobs.wait(job)
    assert (outcome.state, outcome.exit_code) == (StepState.UNKNOWN, None)
    assert "without an exit code" in outcome.message
    assert jobs.stop(job).state is StepState.UNKNOWN
    left = subprocess.run(["pgrep", "-s", pid.read_text().split()[0]], capture_output=True, text=True).stdout.split()
    assert eventually(lambda: not any(alive(int(one)) for one in left))


def test_following_goes_on_after_a_dropped_link(server: Any) -> None:
    job = jobs.start(server, sh("echo a; sleep 1; echo b; exit 7"), "run/step")
    server.before.append(drop)
    heard: list[str] = []
    outcome = jobs.wait(job, on_output=lambda stream, text: heard.append(stream))
    assert (outcome.exit_code, outcome.stdout_tail) == (7, "a\nb\n")
    assert heard[0] == "link"
