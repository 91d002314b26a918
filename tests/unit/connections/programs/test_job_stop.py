"""Stopping a job finds its supervisor, also one that a busy server has only just begun."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core import programs

# a pause takes no time; the supervisor, a process that waits, is recorded in the one of that number
SLEEP = """#!/bin/sh
echo >>"$LOG"
[ "$(wc -l <"$LOG")" != "$BEGINS" ] || echo "$SUPERVISOR $(cut -d' ' -f22 "/proc/$SUPERVISOR/stat")" >pid
"""


@pytest.mark.parametrize("begins", [1, 15, 60])
def test_a_supervisor_that_begins_late_is_waited_for_and_ended(tmp_path: Path, begins: int) -> None:
    """Found by reading: after 2 s the stop had done nothing and said nothing, and the job went on."""
    job = tmp_path / "job"
    for folder in (tmp_path / "bin", job):
        folder.mkdir()
    (tmp_path / "bin/sleep").write_text(SLEEP)
    (tmp_path / "bin/sleep").chmod(0o755)
    with subprocess.Popen(("sleep", "600")) as supervisor:
        env = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "LOG": str(tmp_path / "log"), "BEGINS": str(begins),
               "SUPERVISOR": str(supervisor.pid)}
        try:
            stopped = subprocess.run(("bash", "-c", programs.text("connections/job_stop.sh"), "stop", str(job)), env=env, timeout=60)
            assert stopped.returncode == 0
            assert supervisor.wait(60) == -15
        finally:
            supervisor.kill()
