"""A run's own cost: 13 trivial cells by `runbook run`, and by papermill with nbconvert. No server is asked.

Wall and processor seconds of whole commands, in turn, so that a busy machine is busy for both; the ratio counts.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import LabError

CELLS = 13
ROUNDS = 3
AT_MOST = 0.25  # of papermill and nbconvert
PROGRAMS = Path(sys.executable).parent
_CHECK = ("from runbook_lib.core.findings import finding\n"
          "run.verify([finding('two and two', True, measured='4', expected='4')])")
PARAMETERS = 'environment: str = "staging"  # a file in parameters/environments\nreason: str = ""  # why'
OPEN = 'from runbook_lib import open_run\nrun = open_run("10_trivial", globals())'


@dataclass(frozen=True)
class Cost:
    """Seconds of one command or several: on the clock, and of processors by all its processes."""

    wall_s: float
    cpu_s: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall_s + other.wall_s, self.cpu_s + other.cpu_s)


@dataclass(frozen=True)
class Overhead:
    """Medians of both ways, with so many runs in the archive."""

    archived: int
    runbook: Cost
    plain: Cost

    @property
    def wall_ratio(self) -> float:
        """The runbook's share on the clock."""
        return self.runbook.wall_s / self.plain.wall_s

    @property
    def cpu_ratio(self) -> float:
        """The runbook's share of processor time."""
        return self.runbook.cpu_s / self.plain.cpu_s

    def __str__(self) -> str:
        return (f"{CELLS} trivial cells, {self.archived:,} archived runs: runbook run {self.runbook.wall_s:.2f} s "
                f"({self.runbook.cpu_s:.2f} s CPU), papermill + nbconvert {self.plain.wall_s:.2f} s "
                f"({self.plain.cpu_s:.2f} s CPU): {self.wall_ratio:.2f} of the time, {self.cpu_ratio:.2f} of the CPU")


def measure_overhead(folder: Path, *, archived: int = 0, rounds: int = ROUNDS) -> Overhead:
    """Measure both ways in `folder`, which is emptied of earlier measurements. Raises LabError when a command fails."""
    project, outputs = folder / "project", folder / "archive"
    for old in (project, outputs):
        shutil.rmtree(old, ignore_errors=True)
    _write_project(project)
    variables = {**os.environ, "RUNBOOK_HOME": str(project), "RUNBOOK_OUTPUTS": str(outputs),
                 "PATH": f"{PROGRAMS}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    ours = (str(PROGRAMS / "runbook"), "run", "10_trivial")
    _cost(ours, variables)  # the first one writes byte code
    fill_archive(outputs, archived)
    executed = str(folder / "executed.ipynb")
    runbook, plain = [], []
    for _ in range(rounds):
        runbook.append(_cost(ours, variables))
        plain.append(_cost((str(PROGRAMS / "papermill"), str(folder / "project/plain.ipynb"), executed), variables)
                     + _cost((str(PROGRAMS / "jupyter"), "nbconvert", "--to", "html", executed), variables))
    return Overhead(archived, median(runbook), median(plain))


def median(costs: Sequence[Cost]) -> Cost:
    """The median of each quantity."""
    return Cost(statistics.median(one.wall_s for one in costs), statistics.median(one.cpu_s for one in costs))


def fill_archive(outputs: Path, count: int) -> None:
    """Copies of the first run, each under an id of its own with its line in the chain, until there are `count`."""
    from runbook_lib.archive.chain import FILE, MANIFEST
    from runbook_lib.archive.files import sha256_of
    from runbook_lib.archive.folder import run_folders

    present = run_folders(outputs)
    with (outputs / FILE).open("a", encoding="utf-8") as chain:
        for number in range(count - len(present)):
            run_id = f"20250101T{number // 3600 % 24:02}{number // 60 % 60:02}{number % 60:02}Z-{number:06x}"
            made = outputs / f"{run_id}-10_trivial"
            # links, not copies: the archive's size in files and lines is what is measured
            shutil.copytree(present[0].path, made, copy_function=os.link)
            record = json.loads((made / MANIFEST).read_bytes())
            (made / MANIFEST).unlink()
            (made / MANIFEST).write_text(json.dumps({**record, "run_id": run_id}, indent=1) + "\n", encoding="utf-8")
            link = {"folder": made.name, "manifest_sha256": sha256_of(made / MANIFEST), "run_id": run_id}
            chain.write(json.dumps(link, sort_keys=True) + "\n")


def _write_project(project: Path) -> None:
    """A project with both notebooks and this one's environments; nothing in them needs a server."""
    from runbook_lib.environment import project as ours

    (project / "notebooks").mkdir(parents=True)
    (project / "parameters").mkdir()
    (project / "parameters/environments").symlink_to(ours.root().resolve() / "parameters/environments")
    trivial = [f"{number} + {number}" for number in range(CELLS - 4)]
    (project / "notebooks/10_trivial.ipynb").write_text(_notebook(PARAMETERS, OPEN, *trivial, _CHECK, "run.close()"))
    (project / "plain.ipynb").write_text(_notebook(PARAMETERS, *trivial, "2 + 2", "'checked'", "'closed'"))


def _notebook(*sources: str) -> str:
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"cell-{number}", "source": source, "outputs": [], "execution_count": None,
         "metadata": {"tags": [] if number else ["parameters"]}} for number, source in enumerate(sources)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return json.dumps({"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5})


def _cost(argv: Sequence[str], variables: dict[str, str]) -> Cost:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(argv, env=variables, capture_output=True, text=True, errors="replace")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise LabError(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return Cost(time.monotonic() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
