"""The worker's program: isolated from a person's Python settings, it still finds its own package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.notebooks.sample_notebooks import ROOT


def test_it_starts_isolated_and_takes_nothing_from_pythonpath(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('of a person')")
    job = tmp_path / "job.json"
    job.write_text(json.dumps({"word": "w", "file": "x", "sha256": "", "parameters_source": "", "values": {}, "differs": None,
                               "cells": ["1 + 1"]}))
    control, held = os.pipe()
    reader, channel = os.pipe()
    done = subprocess.run(
        (sys.executable, "-I", str(ROOT / "runbook_lib/headless/worker_main.py"), str(job), str(control), str(channel)),
        pass_fds=(control, channel), env={**os.environ, "PYTHONPATH": str(tmp_path), "IPYTHONDIR": str(tmp_path / "i")},
        cwd=tmp_path, timeout=60, check=False, capture_output=True,
    )
    os.close(channel)
    assert done.returncode == 0, done.stderr
    assert os.read(reader, 10_000).splitlines() == [b'w{"cell": 0}', b'w{"ended": ""}']
    for descriptor in (control, held, reader):
        os.close(descriptor)
