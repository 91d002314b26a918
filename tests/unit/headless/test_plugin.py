"""papermill finds the engine by its entry point, and loads it when it is used."""

from __future__ import annotations

import subprocess
import sys


def test_the_engine_can_be_imported_first_and_papermill_finds_it_by_its_entry_point() -> None:
    probe = ("import runbook_lib.headless.engine as ours; from papermill.engines import papermill_engines\n"
             "assert papermill_engines.get_engine('runbook').nb_language is not None\nprint(ours.RunbookEngine.__name__)")
    done = subprocess.run((sys.executable, "-c", probe), capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "RunbookEngine", done.stderr
