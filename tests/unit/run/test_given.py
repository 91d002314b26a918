"""What a headless run was given: by the runner, or by papermill's own cell; a saved cell overrides neither."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib import kernel
from runbook_lib.contract import parse_contract
from runbook_lib.core.errors import BadParameter, Refused
from runbook_lib.run.given import given_values, literals, refuse_overridden
from tests.notebooks.sample_notebooks import PARAMETERS, ProjectDir

CONTRACT = parse_contract("10_good", PARAMETERS)
INJECTED = '# Parameters\nenvironment = "nowhere"\nmode = "plan"\n'


@pytest.fixture
def cells(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cells that ran before, in a kernel where no operator types."""
    ran: list[str] = []
    monkeypatch.setattr(kernel, "is_unattended", lambda: True)
    monkeypatch.setattr(kernel, "earlier_cells", lambda: ran)
    return ran


def test_under_papermill_the_parameters_cell_and_the_injected_one_give_the_values(project_dir: ProjectDir, cells: list[str]) -> None:
    cells += [PARAMETERS, INJECTED, 'mode = "apply"\nconfirm = "nowhere"']
    given = given_values(CONTRACT)
    assert given is not None
    assert (given["mode"], given["confirm"]) == ("plan", "")
    with pytest.raises(Refused, match=r"mode is 'apply' in the notebook.*confirm is 'nowhere'"):
        refuse_overridden(given, {**given, "mode": "apply", "confirm": "nowhere"}, "notebooks/10_good.ipynb")


@pytest.mark.parametrize("hidden", ["globals()['mode'] = 'apply'", "exec('mode = \"apply\"')", "for mode in ['apply']: pass"])
def test_however_a_cell_hides_it(project_dir: ProjectDir, cells: list[str], hidden: str) -> None:
    cells += [PARAMETERS, hidden]
    names: dict[str, Any] = {}
    for source in cells:
        exec(source, names)
    given = given_values(CONTRACT)
    assert given is not None
    with pytest.raises(Refused):
        refuse_overridden(given, names, "x")


def test_in_jupyterlab_the_cells_of_the_operator_give_them(project_dir: ProjectDir) -> None:
    assert given_values(CONTRACT) is None


def test_a_confirmation_saved_in_the_file_stops_papermill_too(project_dir: ProjectDir, cells: list[str]) -> None:
    path = project_dir.path / "notebooks/10_good.ipynb"
    path.write_text(path.read_text().replace('confirm: str = \\"\\"', 'confirm: str = \\"nowhere\\"'))
    cells.append(PARAMETERS)
    with pytest.raises(BadParameter, match="A confirmation is saved"):
        given_values(parse_contract("10_good", PARAMETERS.replace('confirm: str = ""', 'confirm: str = "nowhere"')))


@pytest.mark.parametrize(("given", "found"), [(3.0, 3), ([1, 2], (1, 2)), (None, None), ("x", "x")])
def test_the_same_value_in_another_dress_is_no_override(given: Any, found: Any) -> None:
    refuse_overridden({"x": given}, {"x": found}, "x")


@pytest.mark.parametrize(("source", "found"), [
    ("a: int = 3\nb = 'x'  # why", {"a": 3, "b": "x"}), ("a = 1\na = f()", {}), ("a =", {}), ("a: str", {}), ("a = b = [1]", {"a": [1], "b": [1]}),
])
def test_literals_of_a_cell(source: str, found: dict[str, Any]) -> None:
    assert literals(source) == found
