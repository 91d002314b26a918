"""The console script before its commands are there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from runbook_lib.cli import STOPPED
from tests.notebooks.sample_notebooks import ROOT

PRESSED = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(60)\n"


def test_ctrl_c_while_the_library_of_commands_is_read_is_no_traceback(tmp_path: Path) -> None:
    """Found by a newcomer: ten lines of frames for a Ctrl-C in the first half second."""
    (tmp_path / "typer.py").write_text(PRESSED)
    done = subprocess.run((sys.executable, "-m", "runbook_lib.cli", "list"), cwd=ROOT, capture_output=True, text=True, timeout=120,
                          env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{STOPPED}\n")
