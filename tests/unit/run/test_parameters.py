"""A run's parameters are read by name and never change."""

from __future__ import annotations

import pytest

from runbook_lib.core.errors import Refused
from runbook_lib.run.parameters import Parameters
from tests.notebooks.sample_notebooks import ProjectDir
from tests.unit.run_doubles import opened


def test_they_are_read_by_name() -> None:
    parameters = Parameters({"ref": "v1", "count": 3})
    assert (parameters.ref, parameters.count) == ("v1", 3)
    assert dir(parameters) == ["count", "ref"]
    assert getattr(parameters, "confirm", "") == ""
    assert repr(parameters) == "Parameters(ref='v1', count=3)"


def test_a_cell_that_sets_or_deletes_one_is_refused() -> None:
    parameters = Parameters({"mode": "plan"})
    with pytest.raises(Refused, match=r"run\.parameters\.mode cannot be changed"):
        parameters.mode = "apply"
    with pytest.raises(Refused):
        del parameters.mode
    assert parameters.mode == "plan"


@pytest.mark.parametrize("name", ["mode", "parameters", "environment", "notebook", "operator", "run_id"])
def test_what_a_run_was_opened_with_stays(project_dir: ProjectDir, name: str) -> None:
    run = opened()
    with pytest.raises(Refused, match=rf"run\.{name} cannot be changed"):
        setattr(run, name, "apply")
    assert run.mode == "plan"
