"""Opening a run: what is refused before anything is written, and what counts as a parameter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.archive.runs import list_runs
from runbook_lib.contract import parse_contract
from runbook_lib.core.errors import (
    BadParameter,
    EnvironmentInvalid,
)
from runbook_lib.run.opening import extract_parameters
from tests.notebooks.sample_notebooks import ProjectDir
from tests.unit.run_doubles import opened


@pytest.mark.parametrize(("wrong", "error"), [
    ({"confrim": "x"}, BadParameter), ({"count": "3"}, BadParameter), ({"environment": "elsewhere"}, EnvironmentInvalid),
])
def test_a_wrong_request_leaves_no_run(project_dir: ProjectDir, outputs: Path, wrong: dict[str, Any], error: type) -> None:
    with pytest.raises(error):
        opened(**wrong)
    assert list_runs(outputs) == []


def test_modules_functions_and_private_names_of_a_notebook_are_no_parameters(project_dir: ProjectDir) -> None:
    assert opened(Path=Path, _i="x", In=["x"], helper=len).parameters.count == 3


def test_a_second_opening_in_the_same_process_seals_the_first_and_lets_names_of_cells_be(
    project_dir: ProjectDir, outputs: Path
) -> None:
    first = opened()
    second = opened(plan_of_mine="a name that a cell made")
    assert first.closed
    assert not second.closed
    states = {run.run_id: run.state for run in list_runs(outputs)}
    assert states == {first.run_id: "aborted", second.run_id: "open"}


@pytest.mark.parametrize("name", ["exit", "open", "In", "_dh"])
def test_names_that_ipython_sets_are_no_parameters(name: str) -> None:
    contract = parse_contract("10_good", "count: int = 3")
    assert extract_parameters({name: ["x"], "count": 4}, contract, strict=True) == {"count": 4}


def test_only_the_first_run_of_a_kernel_takes_unknown_values_for_parameters() -> None:
    contract = parse_contract("10_good", "count: int = 3")
    assert extract_parameters({"cuont": 4}, contract, strict=True) == {"cuont": 4}
    assert extract_parameters({"cuont": 4}, contract, strict=False) == {}


def test_the_runner_is_shown_where_the_evidence_goes(
    project_dir: ProjectDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNBOOK_ANNOUNCE", str(tmp_path / "announce.json"))
    run = opened()
    published = json.loads((tmp_path / "announce.json").read_text())
    assert (published["run_id"], published["folder"]) == (run.run_id, str(run.folder.path))
