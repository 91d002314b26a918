"""What a cell must show: JupyterLab shows the value of a cell's last line alone, and a report hides no check."""

from __future__ import annotations

import ast

from runbook_lib.authoring.cells import cells_of
from runbook_lib.contract.catalogue import Runbook

SHOWN = ("run.require", "run.verify", "run.plan")  # what these return has to be read before the next cell is run


def results_are_shown(runbook: Runbook) -> list[str]:
    """A cell with run.require, run.verify or run.plan ends with what they return: else no operator reads it."""
    return [f"{where}: end it with what {call} returns; JupyterLab shows the last line alone"
            for where, cell in cells_of(runbook, "code") for call in _hidden_in(cell["source"])]


def _hidden_in(source: str) -> list[str]:
    """The calls whose result the cell's last line does not have."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return []  # the rule about thin cells reports it
    last = body[-1] if body and isinstance(body[-1], ast.Expr) else None
    inside = set(ast.walk(last)) if last else set()
    names = {node.id for node in inside if isinstance(node, ast.Name)}
    hidden = []
    for statement in body:
        kept = {node.id for node in ast.walk(statement)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        hidden += [ast.unparse(node.func) for node in ast.walk(statement) if isinstance(node, ast.Call)
                   and ast.unparse(node.func) in SHOWN and node not in inside and not kept & names]
    return hidden
