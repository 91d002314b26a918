"""What of a runbook in JupyterLab is saved: what an author changed, and nothing of what an operator typed."""

from __future__ import annotations

import ast
import re
from typing import Any

Notebook = dict[str, Any]
Cell = dict[str, Any]

CONFIRMED = re.compile(r"\brun\.confirm\([^\n]*\)")


def strip_run_values(shown: Notebook, kept: Notebook) -> Notebook:
    """`shown` (nbformat 4, as JupyterLab has it) without outputs, values and confirmation; `kept` is the saved file.

    Values are those of the parameters cell as long as it names the same parameters. The confirmation is what stands in
    the brackets of `run.confirm(…)`. Either comes from `kept`. Where nothing else was changed, the result is `kept`.
    """
    before = {cell.get("id"): cell for cell in kept["cells"]}
    cells = [_kept_cell(cell, before.get(cell.get("id"))) for cell in shown["cells"]]
    return {**shown, "metadata": kept["metadata"], "cells": cells}


def _kept_cell(shown: Cell, kept: Cell | None) -> Cell:
    cell = dict(shown)
    if cell["cell_type"] == "code":
        cell |= {"outputs": [], "execution_count": None}
    if kept is None or kept["cell_type"] != cell["cell_type"]:
        return cell  # a new cell is an author's work
    # times of execution and folded cells belong to a session, tags to the notebook
    if _tags(cell) == _tags(kept):
        cell["metadata"] = kept["metadata"]
    if cell["cell_type"] == "code" and _only_filled_in(cell["source"], kept["source"], "parameters" in _tags(cell)):
        cell["source"] = kept["source"]
    return cell


def _only_filled_in(shown: str, kept: str, parameters: bool) -> bool:
    if not parameters:
        return CONFIRMED.sub("", shown) == CONFIRMED.sub("", kept)
    named = _names(kept)
    return named is not None and _names(shown) in (named, None)


def _names(source: str) -> set[str] | None:
    """The names that a cell sets, with or without annotation. None while it cannot be parsed: an operator is typing."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return None
    targets = [target for one in statements for target in (
        one.targets if isinstance(one, ast.Assign) else [one.target] if isinstance(one, ast.AnnAssign) else [])]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _tags(cell: Cell) -> list[str]:
    return list(cell["metadata"].get("tags", []))
