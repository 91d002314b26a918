"""What a notebook declares, and what it may do with its parameters below their cell."""

from __future__ import annotations

import ast

from runbook_lib.authoring.cells import cells_of, nodes_of
from runbook_lib.contract.catalogue import Runbook
from runbook_lib.contract.requirements import needs_of
from runbook_lib.core.errors import BadParameter


def parameters_keep_their_names(runbook: Runbook) -> list[str]:
    """No cell gives a parameter's name to something else: below a refused cell its text would be taken for that."""
    names = {node.target.id for node in nodes_of(runbook.parameters_source)
             if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)}
    return [f"{where}: {name} is a parameter; call what this cell makes by another name"
            for where, cell in list(cells_of(runbook, "code"))[1:] for name in _given(cell["source"]) if name in names]


def needs_are_declared(runbook: Runbook) -> list[str]:
    """The metadata declares what the notebook needs of an environment, for `runbook doctor`."""
    try:
        needs_of(runbook)
    except BadParameter as error:
        return [f"{error.what} {error.next_step}"]
    return []


def _given(source: str) -> list[str]:
    """The names to which a cell gives a value of its own: other than `name = run.parameters.name`."""
    own = [node for node in nodes_of(source) if isinstance(node, ast.Assign | ast.NamedExpr)
           and not ast.unparse(node.value).lstrip("(").startswith("run.parameters.")]
    stored = [one for node in own for one in ast.walk(node) if isinstance(one, ast.Name)]
    return [one.id for one in stored if isinstance(one.ctx, ast.Store)]
