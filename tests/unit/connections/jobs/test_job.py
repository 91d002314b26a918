"""Outcomes of jobs are read, never guessed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from runbook_lib.connections import jobs
from runbook_lib.connections.jobs.job import StopReason
from runbook_lib.core import programs
from runbook_lib.core.plan import StepState
from tests.unit.connections.local_server import done, sh


def test_a_job_that_passes_says_so(server: Any) -> None:
    outcome = done(server, sh("echo out; echo err >&2"))
    assert (outcome.state, outcome.exit_code) == (StepState.PASSED, 0)
    assert (outcome.stdout_tail, outcome.stderr_tail) == ("out\n", "err\n")


def test_a_job_that_fails_gives_its_own_exit_code(server: Any) -> None:
    outcome = done(server, sh("exit 41"))
    assert (outcome.state, outcome.exit_code, outcome.message) == (StepState.FAILED, 41, "exit code 41")


def test_an_accepted_exit_code_passes(server: Any) -> None:
    assert done(server, sh("exit 1", accepts=(0, 1))).state is StepState.PASSED


def test_an_exit_file_that_is_garbage_is_unknown(server: Any, tmp_path: Path) -> None:
    job = jobs.start(server, sh("true"), "run/step")
    assert jobs.wait(job).state is StepState.PASSED
    (tmp_path / ".runbook/jobs/run/step/exit").write_text("0\n")
    assert jobs.wait(job).state is StepState.UNKNOWN


def test_the_supervisor_writes_the_reasons_that_the_outcome_is_decided_by() -> None:
    text = programs.text("connections/job_supervisor.sh")
    written = re.findall(r"trap 'end \"([^\"]+)\"'", text) + re.findall(r"why='([^']+)'", text)
    assert set(written) == set(StopReason)
