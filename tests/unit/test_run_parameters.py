"""Each file for a scheduled or CI run fits the notebook that its first line names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from runbook_lib.contract import read_contract
from runbook_lib.environment import load_environment

ROOT = Path(__file__).parents[2]
RUNS = sorted((ROOT / "parameters/runs").iterdir())
COMMAND = re.compile(r"# \.venv/bin/papermill notebooks/(?P<notebook>\S+)\.ipynb outputs/(?P=notebook)\.ipynb -f (?P<file>\S+)")


def named(file: Path) -> re.Match[str]:
    found = COMMAND.fullmatch(file.read_text().splitlines()[0])
    assert found, f"{file.name}: the first line says how it is used"
    return found


@pytest.mark.parametrize("file", RUNS, ids=lambda file: file.name)
def test_a_run_file_is_used_as_its_first_line_says(file: Path) -> None:
    assert ROOT / named(file)["file"] == file
    assert (ROOT / "notebooks" / f"{named(file)['notebook']}.ipynb").is_file()


@pytest.mark.parametrize("file", RUNS, ids=lambda file: file.name)
def test_a_run_file_fits_its_notebook_and_gives_a_reason(file: Path) -> None:
    values = yaml.safe_load(file.read_text())
    checked = read_contract(named(file)["notebook"]).check(values)
    assert values.items() <= checked.items()
    assert checked["reason"]


@pytest.mark.parametrize("file", RUNS, ids=lambda file: file.name)
def test_a_run_that_changes_something_confirms_its_own_environment(file: Path) -> None:
    values = yaml.safe_load(file.read_text())
    assert (ROOT / "parameters/environments" / f"{values['environment']}.yaml").is_file()
    if values.get("mode") == "apply":
        assert values["confirm"] == values["environment"]


def test_every_notebook_has_a_run_for_staging() -> None:
    covered = {named(file)["notebook"] for file in RUNS if "environment: staging" in file.read_text()}
    assert covered == {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert load_environment("staging").name == "staging"
