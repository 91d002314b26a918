"""One notebook file with its values as a job: the cells that will run, and the file's digest. Read once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runbook_lib.contract.catalogue import Runbook
from runbook_lib.environment import project


def job_for(runbook: Runbook, values: Mapping[str, Any]) -> dict[str, Any]:
    """The job of a worker. The values are set in a cell of their own behind the parameters, as papermill does it."""
    cells = []
    for cell in runbook.cells:
        if cell["cell_type"] == "code":
            cells.append(cell["source"])
            if "parameters" in cell.get("metadata", {}).get("tags", []):
                cells.append(injected_cell(values))
    return {
        "file": str(runbook.path), "sha256": runbook.sha256, "differs": differs_from_project(runbook),
        "parameters_source": runbook.parameters_source, "values": dict(values),
        "cells": [source for source in cells if source.strip()],
    }


def from_anywhere(environment: str) -> str:
    """An environment as the worker finds it, which works elsewhere: a path counts from where the command was typed."""
    path = Path(environment).expanduser()
    is_path = "/" in environment or environment.endswith((".yaml", ".yml"))
    return str(path.absolute()) if is_path and path.exists() else environment


def injected_cell(values: Mapping[str, Any]) -> str:
    """A cell that sets the values, one a line."""
    return "\n".join(["# Parameters", *(f"{name} = {literal(value)}" for name, value in values.items())])


def literal(value: Any) -> str:
    """A parameter's value as Python text, as papermill writes it."""
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    return repr(value)


def differs_from_project(runbook: Runbook) -> bool | None:
    """Whether the project has another version of this notebook; None where the project has none of its name."""
    ours = project.root() / "notebooks" / runbook.path.name
    if not ours.is_file():
        return None
    return hashlib.sha256(ours.read_bytes()).hexdigest() != runbook.sha256


def described(runbook: Runbook) -> str:
    """The notebook in a line of progress: its name, or for a file from elsewhere its path and what it is."""
    if runbook.path.resolve().parent == (project.root() / "notebooks").resolve():
        return runbook.name
    differs = differs_from_project(runbook)
    ours = Path("notebooks") / runbook.path.name
    known = {True: f"differs from {ours}", False: f"same as {ours}", None: "not a notebook of this project"}[differs]
    return f"{runbook.path} ({known})"
