"""Programs that begin with an engine that hangs: each says so, and none waits for as long as the whole of it may take."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from runbook_lib.core import programs


def test_an_engine_that_hangs_ends_the_survey_of_a_release(tmp_path: Path) -> None:
    (tmp_path / "docker").write_text("#!/bin/sh\nexit 124\n")  # what `timeout` makes of it
    (tmp_path / "docker").chmod(0o755)
    done = subprocess.run(("bash", "-s", "--", ".", "HEAD", "own", "0", "0"), input=programs.text("release/release_survey.sh") + "\n",
                          text=True, capture_output=True, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert (done.returncode, done.stderr) == (1, "Cannot connect to the Docker daemon: it hangs, no answer within 20 s\n")
