"""A part of the survey of a release, run by a real bash with a double of Docker."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from runbook_lib.core.text import lines_of


def survey_records(folder: Path, docker: str, program: str, files: Mapping[str, str]) -> list[list[str]]:
    """The records that `program` prints with the script `docker` on its path, which finds `files` in `$STATE`."""
    double = folder / "bin/docker"
    double.parent.mkdir()
    double.write_text(docker)
    double.chmod(0o755)
    for name, text in files.items():
        (folder / name).write_text(text)
    done = subprocess.run(("bash", "-s"), input=program, text=True, capture_output=True, timeout=120, check=True,
                          env={"PATH": f"{double.parent}:{os.environ['PATH']}", "STATE": str(folder)})
    return [line.split("\t") for line in lines_of(done.stdout)]
