"""The commands of the workflows and of the README, as they are written there: each in the shell, with papermill alone.

The server is one that does not answer: every command gets as far as its notebook's first question, and leaves a sealed run.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from runbook_lib.archive import journal
from runbook_lib.archive.archive_verification import verify_archive
from runbook_lib.archive.runs import list_runs
from runbook_lib.core.findings import Verdict
from tests.notebooks.sample_notebooks import ROOT, ProjectDir
from tests.unit.test_workflows import WORKFLOWS, steps

SECRET = "Zq7-Wm3xK9_pL2vB8nR4"


@dataclass(frozen=True)
class Written:
    """A command as it is written, and the environment that it means."""

    name: str
    command: str
    environment: str
    reason: str


def written() -> list[Written]:
    found = [Written(f"{path.stem}: {step['name']}", step["run"], "{folder}/server.yaml", "nightly" if path.stem == "nightly-backup" else "as $asked")
             for path in WORKFLOWS for step in steps(path) if "bin/papermill" in step.get("run", "")]
    lines = [line for line in (ROOT / "README.md").read_text().split("\n") if line.startswith(".venv/bin/papermill")]
    return found + [Written("README", line, "lab", "how is it now") for line in lines]


COMMANDS = written()


def project(folder: Path) -> Path:
    """A checkout with our notebooks and parameter files, whose servers do not answer, and the address of one more."""
    made = ProjectDir(folder / "checkout").path
    (made / "notebooks").rmdir()
    for name in ("notebooks", "runbook_lib", "parameters/runs", "staging"):
        (made / name).symlink_to(ROOT / name)
    (made / ".venv").symlink_to(Path(sys.executable).parents[1])
    (made / "outputs").mkdir()
    environments = made / "parameters/environments"
    nowhere = (environments / "nowhere.yaml").read_text()
    (environments / "lab.yaml").write_text(nowhere.replace("name: nowhere", "name: lab"))
    base = environments / "staging.yaml"
    (folder / "server.yaml").write_text(
        nowhere.replace("extends: staging", f"extends: {os.path.relpath(base, folder)}").replace("name: nowhere\n", "")
        .replace("./known_hosts", f"{environments}/known_hosts").replace("./key", f"{environments}/key"))
    return made


@pytest.mark.parametrize("one", COMMANDS, ids=[one.name for one in COMMANDS])
def test_the_command_works_as_it_is_written(tmp_path: Path, one: Written) -> None:
    checkout = project(tmp_path)
    environment = {name: text for name, text in os.environ.items() if name not in ("RUNBOOK_OUTPUTS", "RUNBOOK_HOME")}
    from runbook_lib.environment import load_environment

    secrets = {name: f"{SECRET}{number}" for number, name in enumerate(load_environment("staging").secrets)}
    given = {"ENVIRONMENT_FILE": str(tmp_path / "server.yaml"), "REASON": "as $asked", "RUNBOOK_HOME": str(checkout)}
    done = subprocess.run(("bash", "-e", "-c", one.command), cwd=checkout, env={**environment, **secrets, **given},
                          capture_output=True, text=True, timeout=540, check=False)
    assert done.returncode == 1, done.stderr  # papermill's code for every run that did not pass
    outputs = checkout / "outputs"
    (run,) = list_runs(outputs)
    assert (run.state, run.exit_code, run.verdict) == ("inconclusive", 4, "inconclusive"), run.summary
    started = journal.read(run.path)[0]
    assert started["parameters"]["environment"] == one.environment.format(folder=tmp_path)
    assert started["reason"] == one.reason
    # papermill's own copy lies next to the sealed run, holds no secret, and is named for what it is
    (copy,) = outputs.glob("*.ipynb")
    assert SECRET not in copy.read_text()
    good, finding = verify_archive(outputs)
    assert good.verdict is Verdict.PASSED
    assert (finding.check, finding.verdict) == (copy.name, Verdict.WARNING)
    assert "the sealed one is notebook.ipynb" in finding.next_step
