"""`make rehearsal` as a newcomer meets it: an empty server, the whole release path, a rollback, a drill, the reports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.instance import Instance, down
from tests.lab_server import ROOT

NAME = "rehearsal"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_rehearsal_takes_an_empty_server_to_a_verified_release_past_a_broken_one(outputs: Path) -> None:
    """It begins with nothing, and keeps the server with the first release: other tests restore theirs from that."""
    variables = {**os.environ, "RUNBOOK_OUTPUTS": str(outputs)}
    command = (sys.executable, "-m", "lab.rehearsal", "--name", NAME, "--from-nothing")
    down(Instance(NAME))
    try:
        done = subprocess.run(command, cwd=ROOT, env=variables, text=True, capture_output=True, timeout=1700)
    finally:
        down(Instance(NAME))
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    assert done.stdout.count("passed") >= 7
    assert "rolled back, as expected" in done.stdout
    assert str(outputs / "index.html") in done.stdout
    assert len(list(outputs.glob("*/manifest.json"))) == 12
