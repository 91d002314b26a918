"""Starting a job once, whatever happens to the link or to the operator while it starts."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.connections import jobs
from runbook_lib.connections.jobs.starting import START
from runbook_lib.core.commands import WriteFile
from runbook_lib.core.errors import Refused, StepFailed
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import StepState
from runbook_lib.core.redaction import Secret
from tests.unit.connections.local_server import done, drop, sh, stop_asked


def test_standard_input_arrives_and_its_file_is_gone(server: Any, tmp_path: Path) -> None:
    outcome = done(
        server, sh("cat; ls -A .runbook/jobs/run/step", stdin=Secret("X", "s3cret-value"), cwd=str(tmp_path))
    )
    assert outcome.stdout_tail.startswith("s3cret-value")
    assert "stdin" not in outcome.stdout_tail


def test_no_file_of_a_job_holds_its_secret_and_none_is_readable_by_others(server: Any, tmp_path: Path) -> None:
    done(server, WriteFile(str(tmp_path / "secrets"), Secret("X", "s3cret-value"), 0o600))
    for file in (tmp_path / ".runbook/jobs/run/step").iterdir():
        assert b"s3cret-value" not in file.read_bytes()
        assert file.stat().st_mode & 0o077 == 0
    assert (tmp_path / "secrets").read_text() == "s3cret-value"
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o600


def test_a_drop_after_the_start_does_not_start_twice(server: Any, tmp_path: Path) -> None:
    server.after.append(drop)
    job = jobs.start(server, sh("echo x >> count", cwd=str(tmp_path)), "run/step")
    assert jobs.wait(job).state is StepState.PASSED
    assert (tmp_path / "count").read_text() == "x\n"


def test_a_drop_before_the_start_starts_once(server: Any, tmp_path: Path) -> None:
    server.before.append(drop)
    job = jobs.start(server, sh("echo x >> count", cwd=str(tmp_path)), "run/step")
    assert jobs.wait(job).state is StepState.PASSED
    assert (tmp_path / "count").read_text() == "x\n"


def test_half_an_upload_never_starts(tmp_path: Path) -> None:
    words = ["bash", "-c", START, "start", str(tmp_path / "jobs/run/step"), "token", "1000", "0", "5", str(tmp_path), ""]
    cut = subprocess.run(words, input=b"#!/bin/bash\ntouch started", capture_output=True)
    assert cut.returncode == 1
    assert b"cut short" in cut.stderr
    assert list((tmp_path / "jobs/run").iterdir()) == []


def test_a_folder_is_never_used_twice(server: Any) -> None:
    done(server, sh("true"))
    with pytest.raises(StepFailed, match="taken"):
        jobs.start(server, sh("true"), "run/step")


def test_plan_mode_starts_nothing(server: Any, tmp_path: Path) -> None:
    server.changes_allowed = False
    with pytest.raises(Refused):
        jobs.start(server, sh("true"), "run/step")
    assert not (tmp_path / ".runbook").exists()


def test_a_gate_is_no_job(server: Any) -> None:
    with pytest.raises(TypeError):
        jobs.start(server, Gate("g", (), lambda: ()), "run/step")


def test_ctrl_c_while_a_job_starts_gives_the_job_that_is_at_work(server: Any) -> None:
    server.after = [stop_asked]
    with pytest.raises(jobs.StartInterrupted) as caught:
        jobs.start(server, sh("sleep 60"), "run/step")
    assert jobs.stop(caught.value.job).state is StepState.ABORTED


def test_ctrl_c_before_a_job_started_withdraws_it(server: Any, tmp_path: Path) -> None:
    server.before = [stop_asked]
    with pytest.raises(KeyboardInterrupt) as caught:
        jobs.start(server, sh("touch made"), "run/step")
    assert not isinstance(caught.value, jobs.StartInterrupted)
    assert not (tmp_path / ".runbook" / "jobs" / "run" / "step").exists()
