"""A notebook as a job: cells in order, the values behind the parameters, the file's digest."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.contract.catalogue import Runbook
from runbook_lib.headless.job import described, differs_from_project, injected_cell, job_for, literal
from tests.notebooks.sample_notebooks import CLOSE, GOOD, PARAMETERS, ProjectDir


@pytest.fixture
def project_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectDir:
    made = ProjectDir(tmp_path / "home")
    made.add("10_good", GOOD, CLOSE)
    monkeypatch.setenv("RUNBOOK_HOME", str(made.path))
    return made


def test_the_values_are_set_right_behind_the_parameters(project_dir: ProjectDir) -> None:
    path = project_dir.path / "notebooks/10_good.ipynb"
    job = job_for(Runbook("10_good", path), {"count": 4})
    assert job["cells"][:2] == [PARAMETERS, "# Parameters\ncount = 4"]
    assert job["cells"][-1] == CLOSE
    assert job["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert job["differs"] is False


@pytest.mark.parametrize("value", [
    "a", 'quo"te', "back\\slash", "new\nline", "‹ü›", "\u2028", None, True, False, 3, -2.5, 1e300, ["a", "b"], [],
])
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    assert ast.literal_eval(literal(value)) == value
    assert ast.parse(injected_cell({"x": value}))


def test_a_copy_is_described_by_its_path_and_by_what_it_is(project_dir: ProjectDir, tmp_path: Path) -> None:
    original = project_dir.path / "notebooks/10_good.ipynb"
    copy, changed, foreign = tmp_path / "a/10_good.ipynb", tmp_path / "b/10_good.ipynb", tmp_path / "a/99_mine.ipynb"
    for path, text in ((copy, original.read_text()), (changed, original.read_text() + " "), (foreign, original.read_text())):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert described(Runbook("10_good", original)) == "10_good"
    assert described(Runbook("10_good", copy)) == f"{copy} (same as notebooks/10_good.ipynb)"
    assert described(Runbook("10_good", changed)) == f"{changed} (differs from notebooks/10_good.ipynb)"
    assert described(Runbook("99_mine", foreign)) == f"{foreign} (not a notebook of this project)"
    assert differs_from_project(Runbook("99_mine", foreign)) is None
