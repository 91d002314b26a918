"""The sealed notebook: sources are redacted as outputs are, and each cell stands where it ran."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from runbook_lib.archive.journal import Journal
from runbook_lib.archive.notebook import NOT_RUN, executed_notebook, write_notebook
from runbook_lib.archive.runs import new_run
from runbook_lib.core.redaction import Redactor, Secret

VALUE = "Zq7-Wm3xK9_pL2vB8nR4"
TYPED = f"psql('{VALUE}')"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A notebook as an operator saved it, with a secret in a cell that ran, one that did not, in prose and metadata."""
    cells = [{"cell_type": "markdown", "metadata": {"tags": [VALUE]}, "source": [f"Note: {VALUE}\n", "end"]},
             {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": TYPED},
             {"cell_type": "code", "metadata": {}, "source": f"later('{VALUE}')"}]
    path = tmp_path / "source.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    return path


def events_of(folder: Any) -> list[dict[str, Any]]:
    with Journal(folder, folder.redactor) as journal:
        return [journal.write("run_started", redacted=["DB"]),
                journal.write("cell", source=TYPED, outputs=[{"output_type": "stream", "text": VALUE}])]


def test_sources_outputs_and_metadata_are_redacted_alike(tmp_path: Path, source: Path) -> None:
    folder = new_run("10_good", tmp_path, Redactor([Secret("DB", VALUE)]))
    text = write_notebook(folder.path, events_of(folder), source, folder.redactor).read_text()
    assert VALUE not in text
    cells = json.loads(text)["cells"]
    assert [cell["source"] for cell in cells] == ["Note: ‹DB›\nend", "psql('‹DB›')", "later('‹DB›')"]
    assert [cell.get("execution_count") for cell in cells] == [None, 1, None]
    assert cells[0]["metadata"]["tags"] == ["‹DB›"]


def test_where_the_secrets_are_not_known_only_what_ran_is_kept(tmp_path: Path, source: Path) -> None:
    folder = new_run("10_good", tmp_path, Redactor([Secret("DB", VALUE)]))
    cells = json.loads(write_notebook(folder.path, events_of(folder), source, None).read_text())["cells"]
    assert VALUE not in json.dumps([cell for cell in cells if cell["cell_type"] == "code"])
    assert [cell["source"] for cell in cells if cell["cell_type"] == "code"] == ["psql('‹DB›')", NOT_RUN, NOT_RUN]


def test_a_cell_that_is_not_in_the_source_stands_where_it_ran() -> None:
    events = [{"event": "cell", "source": "a = 1"}, {"event": "cell", "source": "injected"}, {"event": "cell", "source": "b = 2"}]
    cells = executed_notebook(events, [{"cell_type": "code", "source": one} for one in ("a = 1", "b = 2")])["cells"]
    assert [(cell["source"], cell["metadata"].get("tags")) for cell in cells] == [
        ("a = 1", None), ("injected", ["not-in-source"]), ("b = 2", None)]


SOURCE = [{"cell_type": "markdown", "source": ["# Title"], "metadata": {}},
          {"cell_type": "code", "source": "a = 1", "metadata": {"tags": ["parameters"]}},
          {"cell_type": "code", "source": "print(a)", "metadata": {}},
          {"cell_type": "code", "source": "never()", "metadata": {}}]
RAN: list[dict[str, Any]] = [{"event": "cell", "source": "a = 1", "outputs": []},
       {"event": "cell", "source": "# Parameters\na = 2", "outputs": []},
       {"event": "cell", "source": "print(a)", "outputs": [{"output_type": "stream", "name": "stdout", "text": "2\n"}]}]


def test_the_executed_notebook_is_valid_and_puts_outputs_and_injected_cells_in_place():
    made = executed_notebook(RAN, SOURCE)
    nbformat.validate(made)
    sources = [cell["source"] for cell in made["cells"]]
    assert sources == ["# Title", "a = 1", "# Parameters\na = 2", "print(a)", "never()"]
    assert made["cells"][3]["outputs"][0]["text"] == "2\n"
    assert made["cells"][4]["execution_count"] is None


def test_a_cell_run_again_in_jupyterlab_keeps_its_last_outputs():
    again = {"event": "cell", "source": "print(a)", "outputs": [{"output_type": "stream", "text": "3\n"}]}
    made = executed_notebook([*RAN, again], SOURCE)
    assert len(made["cells"]) == 5
    assert made["cells"][3]["outputs"][0]["text"] == "3\n"


def test_outputs_of_every_kind_become_valid_ones(tmp_path):
    outputs = [{"output_type": "error", "ename": "E", "evalue": "v", "traceback": None}, "text alone",
               {"output_type": "execute_result", "data": {"text/plain": ["a", "b"], "application/json": {"a": 1}}},
               {"output_type": "of another kind", "data": None}]
    path = write_notebook(tmp_path, [{"event": "cell", "source": ["a = 1"], "outputs": outputs}], None)
    made = json.loads(path.read_text())
    nbformat.validate(made)
    assert made["cells"][0]["metadata"]["tags"] == ["not-in-source"]
    assert made["cells"][0]["outputs"][2]["data"] == {"text/plain": "ab", "application/json": {"a": 1}}


def test_a_source_that_is_no_notebook_is_left_out(tmp_path):
    for text in ("[]", "{", '{"cells": [1, "x"]}'):
        (tmp_path / "x.ipynb").write_text(text)
        path = write_notebook(tmp_path, [{"event": "cell", "source": "a = 1"}], tmp_path / "x.ipynb")
        assert len(json.loads(path.read_text())["cells"]) == 1
