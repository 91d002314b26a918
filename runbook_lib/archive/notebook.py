"""The executed notebook, made from the journal: the source's cells with the outputs that were recorded.

Runs by the runner, by plain papermill and in JupyterLab leave the same file, whatever they wrote elsewhere.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from runbook_lib.archive.files import write_atomically
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.redaction import Redactor

FILE = "notebook.ipynb"
NOT_RUN = "# Did not run. The runbook at the commit that the report names has this cell."
Cell = dict[str, Any]


def write_notebook(folder: Path, events: list[dict[str, Any]], source: Path | None,
                   redactor: Redactor | None = None) -> Path:
    """Write notebook.ipynb into the run's folder; returns its path.

    `redactor` knows the run's secrets. None: they are not known here, and code that did not run is left out, for an
    operator may have typed one into the source.
    """
    cells = _source_cells(source)
    if redactor is not None:  # as the journal is: so what ran of a cell finds its place
        cells = redactor.value([{**cell, "source": _text(cell.get("source", ""))} for cell in cells])
    content = executed_notebook(events, cells)
    if redactor is None:
        for cell in content["cells"]:
            if cell["cell_type"] == "code" and cell["execution_count"] is None:
                cell["source"] = NOT_RUN
    return write_atomically(folder / FILE, json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


def executed_notebook(events: list[dict[str, Any]], source_cells: list[Cell]) -> dict[str, Any]:
    """nbformat 4.5: source cells in their places with their outputs; injected cells where they ran."""
    executed = [event for event in events if event.get("event") == "cell"]
    cells = _placed(executed, source_cells)
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _placed(executed: list[dict[str, Any]], source_cells: list[Cell]) -> list[Cell]:
    """Source cells and executed cells in one list. A cell that ran twice keeps its last outputs."""
    placed = [_blank(cell) for cell in source_cells]
    next_place = 0
    for count, event in enumerate(executed, start=1):
        text = _text(event.get("source", ""))
        place = _find(placed, text, next_place)
        if place is None:
            place = next_place
            placed.insert(place, {"cell_type": "code", "metadata": {"tags": ["not-in-source"]}, "source": text})
        outputs = [_output(item, count) for item in event.get("outputs") or []]
        placed[place] = {**placed[place], "execution_count": count, "outputs": outputs}
        next_place = place + 1
    for cell in placed:
        if cell["cell_type"] == "code":
            cell.setdefault("execution_count", None)
            cell.setdefault("outputs", [])
    return placed


def _find(placed: list[Cell], text: str, start: int) -> int | None:
    order = [*range(start, len(placed)), *range(start)]
    matches = (i for i in order if placed[i]["cell_type"] == "code" and placed[i]["source"].strip() == text.strip())
    return next(matches, None)


def _blank(cell: Cell) -> Cell:
    kind = cell.get("cell_type", "raw")
    tags = cell.get("metadata", {}).get("tags", [])
    return {"cell_type": kind, "metadata": {"tags": tags} if tags else {}, "source": _text(cell.get("source", ""))}


def _output(output: Any, count: int) -> dict[str, Any]:
    """One output in nbformat's shape; what has no known shape is kept as text."""
    output = output if isinstance(output, dict) else {"output_type": "stream", "text": str(output)}
    kind = output.get("output_type")
    if kind == "stream":
        return {"output_type": kind, "name": output.get("name", "stdout"), "text": _text(output.get("text", ""))}
    if kind == "error":
        trace = output.get("traceback") or []
        return {"output_type": kind, "ename": str(output.get("ename", "")), "evalue": str(output.get("evalue", "")),
                "traceback": [str(line) for line in trace]}
    data = {str(mime): _text(content) if str(mime).startswith(("text/", "image/")) else content
            for mime, content in (output.get("data") or {}).items()}
    if kind == "execute_result":
        return {"output_type": kind, "data": data, "metadata": {}, "execution_count": count}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def _text(content: Any) -> str:
    return "".join(map(str, content)) if isinstance(content, list) else str(content)


def _source_cells(source: Path | None) -> list[Cell]:
    if source is None or not source.is_file():
        return []
    try:
        cells = read_json(source.read_bytes(), strict=False).get("cells", [])
    except (ValueError, AttributeError):
        return []
    return [cell for cell in cells if isinstance(cell, dict)]
