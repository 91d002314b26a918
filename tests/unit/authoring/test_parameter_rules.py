"""A parameter's name stays with its value: below a refused cell, its text would be taken for what the cell was to make."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runbook_lib.authoring.parameter_rules import needs_are_declared, parameters_keep_their_names
from runbook_lib.contract.catalogue import Runbook
from tests.unit.authoring.test_notebook_rules import put, write


@pytest.mark.parametrize(("source", "name"), [
    ("confirm, plan = make()\nplan", "confirm"), ("mode = plan = run.plan(make())", "mode"),
    ("show(reason := make())", "reason"), ("confirm = len(run.parameters.confirm)", "confirm"),
])
def test_a_parameters_name_for_something_else_is_a_fault(tmp_path: Path, source: str, name: str) -> None:
    (fault,) = parameters_keep_their_names(write(tmp_path, put(5, source)))
    assert fault.startswith(f"cell 5: {name} is a parameter")


@pytest.mark.parametrize("source", [
    "mode, confirm = run.parameters.mode, run.parameters.confirm\nplan = run.plan(make(mode=mode))",
    "plan = run.plan(make(reason='x'))", "not python (", "plan.mode = 1",
])
def test_its_own_value_may_be_taken_by_its_name(tmp_path: Path, source: str) -> None:
    assert parameters_keep_their_names(write(tmp_path, put(5, source))) == []


def test_a_notebook_declares_what_it_needs(tmp_path: Path) -> None:
    def notebook(metadata: object) -> Runbook:
        path = tmp_path / "49_disk.ipynb"
        path.write_text(json.dumps({"cells": [], "metadata": metadata}))
        return Runbook("49_disk", path)

    assert needs_are_declared(notebook({"runbook": {"needs": ["ssh"]}})) == []
    (fault,) = needs_are_declared(notebook({}))
    assert '"needs"' in fault
