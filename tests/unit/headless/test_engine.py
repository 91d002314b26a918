"""papermill's engine: the kernel is this interpreter, whatever kernel a notebook or a user's folder names."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from nbformat.v4 import new_notebook

from runbook_lib.headless.engine import OwnKernelSpecs, RunbookClient, RunbookEngine


def test_whatever_kernel_is_named_it_is_this_interpreter() -> None:
    for name in ("python3", "conda-env-of-a-person", "ir"):
        assert OwnKernelSpecs().get_kernel_spec(name).argv[:3] == [sys.executable, "-m", "ipykernel_launcher"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), TimeoutError(), SystemExit(0)])
def test_a_cell_is_marked_as_failed_whatever_ended_it_and_none_follows(error: BaseException) -> None:
    marks: list[Any] = []
    manager = SimpleNamespace(cell_start=lambda cell, index: None, cell_complete=lambda cell, cell_index: marks.append("done"),
                              cell_exception=lambda cell, cell_index, exception: marks.append(exception))
    client = SimpleNamespace(nb=SimpleNamespace(cells=[1, 2]), nb_man=manager)

    def execute_cell(cell: Any, index: int) -> None:
        raise error

    client.execute_cell = execute_cell
    with pytest.raises(type(error)):
        RunbookClient.papermill_execute_cells(client)  # type: ignore[arg-type]
    assert marks == [error]


def test_output_that_comes_late_fails_no_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    """papermill's own 4 s are an error there: `Timeout waiting for IOPub output`."""
    clients: list[RunbookClient] = []
    monkeypatch.setattr(RunbookClient, "execute", lambda client, **words: clients.append(client))
    RunbookEngine.execute_managed_notebook(SimpleNamespace(nb=new_notebook()), "python3")
    client, = clients
    assert (client.iopub_timeout >= 30, client.raise_on_iopub_timeout) == (True, True)
