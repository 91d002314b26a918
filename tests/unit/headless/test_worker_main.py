"""The worker's program: isolated from a person's Python settings, it still finds its own package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.notebooks.sample_notebooks import ROOT


def cells_of(tmp_path: Path, *cells: str) -> subprocess.CompletedProcess[bytes]:
    """A worker that runs these cells, as its runner starts it; what it tells is the output."""
    job = tmp_path / "job.json"
    job.write_text(json.dumps({"word": "w", "file": "x", "sha256": "", "parameters_source": "", "values": {}, "differs": None,
                               "cells": cells}))
    control, held = os.pipe()
    reader, channel = os.pipe()
    done = subprocess.run(
        (sys.executable, "-I", str(ROOT / "runbook_lib/headless/worker_main.py"), str(job), str(control), str(channel)),
        pass_fds=(control, channel), env={**os.environ, "PYTHONPATH": str(tmp_path), "IPYTHONDIR": str(tmp_path / "i")},
        cwd=tmp_path, timeout=60, check=False, capture_output=True,
    )
    os.close(channel)
    done.stdout = os.read(reader, 10_000)
    for descriptor in (control, held, reader):
        os.close(descriptor)
    return done


def test_it_starts_isolated_and_takes_nothing_from_pythonpath(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('of a person')")
    done = cells_of(tmp_path, "1 + 1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [b'w{"cell": 0}', b'w{"ended": ""}']


def test_cycles_are_looked_for_rarely_and_not_once_more_at_its_end(tmp_path: Path) -> None:
    """Each search reads every object of every library that is loaded."""
    searched = ("import gc, pathlib\nassert gc.get_threshold() == (50_000, 20, 50) and gc.isenabled()\n"
                "place = pathlib.Path('searched')\nplace.write_text('')\n"
                "def note(phase, info):\n    with place.open('a') as file:\n        file.write(f'{gc.get_freeze_count()}\\n' if info['generation'] == 2 else '')\n"
                "gc.callbacks.append(note)")
    done = cells_of(tmp_path, searched)
    assert done.stdout.splitlines() == [b'w{"cell": 0}', b'w{"ended": ""}'], done.stderr
    # the shell's own search, when it ends: of nothing that was there before
    counts = (tmp_path / "searched").read_text().split()
    assert counts
    assert all(int(count) > 10_000 for count in counts)
