"""A confirmation that is saved in a notebook's file confirms nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.contract import read_contract
from runbook_lib.contract.catalogue import Runbook
from runbook_lib.contract.saved_confirmation import reject_saved_confirmation
from runbook_lib.core.errors import BadParameter
from tests.notebooks.sample_notebooks import ProjectDir


def saved(folder: Path, *cells: str, **defaults: str) -> Runbook:
    path = ProjectDir(folder / "home").add("20_deploy", *cells)
    text = path.read_text()
    for name, value in defaults.items():
        before = {"mode": "plan"}.get(name, "")
        text = text.replace(f'{name}: str = \\"{before}\\"', f'{name}: str = \\"{value}\\"')
    path.write_text(text)
    return Runbook("20_deploy", path)


def check(runbook: Runbook) -> None:
    reject_saved_confirmation(runbook, read_contract(runbook))


@pytest.mark.parametrize("cell", ["run.confirm(run.parameters.confirm)", "# confirm below"])
def test_a_notebook_as_the_project_keeps_it_passes(tmp_path: Path, cell: str) -> None:
    check(saved(tmp_path, cell))


@pytest.mark.parametrize(("defaults", "shown"), [({"mode": "apply"}, 'mode = "apply"'), ({"confirm": "staging"}, 'confirm = "staging"')])
def test_a_saved_default_that_confirms_is_refused(tmp_path: Path, defaults: dict[str, str], shown: str) -> None:
    with pytest.raises(BadParameter, match=shown) as refused:
        check(saved(tmp_path, **defaults))
    assert "git checkout notebooks/20_deploy.ipynb" in refused.value.next_step


@pytest.mark.parametrize("cell", ['run.confirm("staging")', "run.confirm('lab')  # now", 'if ready: run.confirm("x")'])
def test_a_saved_confirmation_in_a_cell_is_refused(tmp_path: Path, cell: str) -> None:
    with pytest.raises(BadParameter, match="A confirmation is saved in the notebook"):
        check(saved(tmp_path, cell))
