"""A runbook in JupyterLab is saved every two minutes: with what an author changed, and without an operator's values."""

from __future__ import annotations

import asyncio
import copy
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

from runbook_lib.jupyter import before_saving
from runbook_lib.jupyter.saving import strip_run_values

ROOT = Path(__file__).parents[3]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EVERY = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cell(source: str, identity: str = "a", tags: tuple[str, ...] = ()) -> Any:
    metadata = {"tags": list(tags)} if tags else {}
    return {"id": identity, "cell_type": "code", "source": source, "metadata": metadata, "outputs": [], "execution_count": None}


def notebook(*cells: Any) -> Any:
    return {"cells": list(cells), "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}


KEPT = notebook(cell('environment: str = "lab"\nmode: str = "plan"', "p", ("parameters",)),
                cell("require()\nrun.confirm(run.parameters.confirm)", "c"), cell("look()", "l"))


def saved(at: int, source: str) -> str:
    shown = copy.deepcopy(KEPT)
    shown["cells"][at]["source"] = source
    return str(strip_run_values(shown, KEPT)["cells"][at]["source"])


def after_a_run(path: Path) -> Any:
    """The notebook as JupyterLab holds it when an operator has filled it in and run it."""
    shown = nbformat.read(path, as_version=4)
    shown["metadata"]["language_info"]["version"] = "3.11.2"
    for place, one in enumerate(shown["cells"]):
        if one["cell_type"] == "code":
            one["execution_count"] = place
            one["metadata"]["execution"] = {"iopub.status.busy": "2026-11-26T02:00:00Z"}
            one["outputs"] = [nbformat.v4.new_output("stream", text="seen")]
            one["source"] = one["source"].replace('"plan" ', '"apply" ').replace('"lab"', '"staging"')
            one["source"] = one["source"].replace("(run.parameters.confirm)", '("staging")')
    return shown


@EVERY
def test_jupyterlab_s_own_saving_leaves_a_filled_in_runbook_as_it_was(path: Path, tmp_path: Path,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    (home / "notebooks").mkdir(parents=True)
    file = home / "notebooks" / path.name
    file.write_bytes(path.read_bytes())
    monkeypatch.setenv("RUNBOOK_HOME", str(home))
    files = AsyncLargeFileManager(root_dir=str(home))
    files.register_pre_save_hook(before_saving)
    typed = after_a_run(file)
    assert typed != nbformat.read(file, as_version=4)
    asyncio.run(files.save({"type": "notebook", "content": typed}, f"notebooks/{path.name}"))
    assert file.read_bytes() == path.read_bytes()


def test_a_notebook_of_somebody_else_is_saved_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path / "home"))
    file = tmp_path / NOTEBOOKS[1].name
    file.write_bytes(NOTEBOOKS[1].read_bytes())
    files = AsyncLargeFileManager(root_dir=str(tmp_path))
    files.register_pre_save_hook(before_saving)
    asyncio.run(files.save({"type": "notebook", "content": after_a_run(file)}, file.name))
    assert "seen" in file.read_text()


@pytest.mark.parametrize("typed", ['environment = "staging"\nmode = "apply"', 'mode: str = "apply"\nenvironment: str = "x"',
                                   'environment: str = "sta'])
def test_values_are_not_kept_however_they_were_typed(typed: str) -> None:
    assert saved(0, typed) == KEPT["cells"][0]["source"]


@pytest.mark.parametrize("word", ['run.confirm("lab")', "run.confirm(lab)", "run.confirm()"])
def test_the_word_in_the_brackets_is_not_kept(word: str) -> None:
    assert saved(1, f"require()\n{word}") == KEPT["cells"][1]["source"]


@pytest.mark.parametrize(("at", "source"), [
    (0, 'environment: str = "lab"\nmode: str = "plan"\nref: str = ""'), (1, "run.confirm(run.parameters.confirm)"),
    (2, "look_twice()"),
])
def test_what_an_author_changes_is_kept(at: int, source: str) -> None:
    assert saved(at, source) == source


def test_new_cells_and_tags_are_kept_without_their_outputs() -> None:
    new = cell("fresh()", "new") | {"outputs": [{"output_type": "stream"}], "execution_count": 3}
    shown = notebook(*KEPT["cells"], new, {"id": "m", "cell_type": "markdown", "source": "# Why", "metadata": {}})
    shown["cells"][2] = cell("look()", "l", ("remove-input",))
    kept = strip_run_values(shown, KEPT)["cells"]
    assert [one["source"] for one in kept[3:]] == ["fresh()", "# Why"]
    assert (kept[3]["outputs"], kept[3]["execution_count"]) == ([], None)
    assert kept[2]["metadata"] == {"tags": ["remove-input"]}
