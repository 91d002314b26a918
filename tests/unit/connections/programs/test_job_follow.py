"""Following a job costs next to nothing while it prints nothing, and misses nothing of what it prints then."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core import programs
from tests.unit.connections.local_server import eventually

STAT = '#!/bin/sh\necho asked >>"$LOG"\nexec /usr/bin/stat "$@"\n'
BORN = 'echo "$$ $(cut -d" " -f22 /proc/$$/stat)" >pid; exec sleep 120'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("out", "err", "log"):
        (tmp_path / name).touch()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/stat").write_text(STAT)
    (tmp_path / "bin/stat").chmod(0o755)
    return tmp_path


def waits(pid: int) -> int:
    """How often a process has waited for something."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("voluntary_ctxt_switches")))


def test_a_silent_job_starts_no_program_and_its_first_word_is_shown(folder: Path) -> None:
    with subprocess.Popen(("sh", "-c", BORN), cwd=folder) as job, subprocess.Popen(
            ("bash", "-c", programs.text("connections/job_follow.sh"), "follow", str(folder), "0", "0"), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, env={"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "LOG": str(folder / "log")}) as follows:
        try:
            assert eventually(lambda: waits(follows.pid) > 15), "it has asked several times"
            assert (folder / "log").read_text() == ""
            (folder / "out").write_text("built\n")
            assert follows.stdout
            assert [follows.stdout.readline() for _ in range(2)] == ["out 0 6\n", "built\n"]
            (folder / "ended").write_text("0\n")
            (folder / "ended").rename(folder / "exit")  # as a supervisor does: whole or not there
            assert follows.stdout.readline() == "exit 0\n"
            assert follows.wait(60) == 0
        finally:
            job.kill()
