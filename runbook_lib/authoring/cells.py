"""A notebook's cells, and the code in them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from runbook_lib.contract.catalogue import Runbook


def cells_of(runbook: Runbook, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The cells of one kind, each with its place as a reader counts them."""
    return ((f"cell {index}", cell) for index, cell in enumerate(runbook.cells) if cell["cell_type"] == kind)


def nodes_of(source: str) -> list[ast.AST]:
    """Everything in a cell; nothing where it is not Python."""
    try:
        return list(ast.walk(ast.parse(source)))
    except SyntaxError:
        return []
