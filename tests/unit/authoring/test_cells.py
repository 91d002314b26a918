"""Cells by their kind and place, and what stands in them."""

from __future__ import annotations

import ast
from pathlib import Path

from runbook_lib.authoring.cells import cells_of, nodes_of
from tests.unit.authoring.test_notebook_rules import write


def test_cells_have_their_place_in_the_notebook(tmp_path: Path) -> None:
    places = [where for where, _ in cells_of(write(tmp_path), "code")]
    assert places[:3] == ["cell 1", "cell 3", "cell 5"]


def test_what_is_not_python_holds_nothing() -> None:
    assert nodes_of("run.plan(") == []
    assert any(isinstance(node, ast.Call) for node in nodes_of("run.plan()"))
