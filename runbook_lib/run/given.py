"""What a headless run was given, and that nothing in the notebook overrides it."""

from __future__ import annotations

import ast
import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from runbook_lib import kernel
from runbook_lib.contract import MISSING, Contract
from runbook_lib.contract.catalogue import find_runbook
from runbook_lib.contract.saved_confirmation import reject_saved_confirmation
from runbook_lib.core.errors import Refused
from runbook_lib.core.text import head_of
from runbook_lib.environment import project
from runbook_lib.kernel.assignment import assigned

_INJECTED = "# Parameters"  # the first line of papermill's own cell


def given_values(contract: Contract) -> dict[str, Any] | None:
    """The values that this run was given; None in JupyterLab, where the operator's cells give them.

    From the runner where there is one. Under plain papermill from the parameters cell and papermill's own cell behind
    it: what any other cell sets was saved in the file. Raises BadParameter where that file holds a confirmation.
    """
    assignment = assigned()
    if assignment is not None:
        return dict(assignment.values)
    cells = kernel.earlier_cells()
    if not kernel.is_unattended() or not cells:
        return None
    reject_saved_confirmation(find_runbook(contract.notebook), contract)
    first, second = cells[0], cells[1] if len(cells) > 1 else ""
    set_by_cells = literals(first) | (literals(second) if second.startswith(_INJECTED) else {})
    return {name: set_by_cells[name] for name in contract.names if name in set_by_cells}


def refuse_overridden(given: Mapping[str, Any], namespace: Mapping[str, Any], where: str) -> None:
    """Raises Refused where the notebook's names are not what the run was given: a saved cell has changed them."""
    changed = [f"{name} is {_shown(namespace, name)} in the notebook; this run was given {value!r}"
               for name, value in given.items() if not _same(namespace.get(name, MISSING), value)]
    if changed:
        raise Refused(
            "A cell of the notebook overrides a parameter: " + "; ".join(changed) + ". Nothing was contacted.",
            where=where,
            next_step="Take the assignment out of the cell (git checkout restores the notebook), or give the value "
                      "with the run: -p NAME=VALUE, --apply, --confirm.",
        )


def literals(source: str) -> dict[str, Any]:
    """The names that a cell sets to literals; those it sets to anything else are left out."""
    found: dict[str, Any] = {}
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return found
    for name, value in _assignments(statements):
        try:
            found[name] = ast.literal_eval(value)
        except ValueError:
            found.pop(name, None)
    return found


def notebook_file(name: str) -> dict[str, Any]:
    """`file`, `file_sha256` and `file_differs` of the notebook that runs, as the `run_started` event holds them.

    The file as the runner read it; otherwise the one that JupyterLab has open, else the project's own of that name.
    `file_differs`: whether the project has another version of it; None where it has none.
    """
    assignment = assigned()
    if assignment is not None:
        return _file(assignment.file, assignment.sha256, assignment.differs)
    ours = project.root() / "notebooks" / f"{name}.ipynb"
    shown = Path(os.environ.get("JPY_SESSION_NAME") or ours)
    file = shown if shown.is_absolute() and shown.is_file() else ours
    digest = _digest(file)
    return _file(file, digest, None if not ours.is_file() else _digest(ours) != digest)


def _file(path: Path, sha256: str, differs: bool | None) -> dict[str, Any]:
    root = project.root().resolve()
    inside = path.resolve().is_relative_to(root)
    shown = path.resolve().relative_to(root) if inside else path
    return {"file": str(shown), "file_sha256": sha256, "file_differs": differs}


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def _assignments(statements: Iterable[ast.stmt]) -> Iterable[tuple[str, ast.expr]]:
    for one in statements:
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and one.value is not None:
            yield one.target.id, one.value
        elif isinstance(one, ast.Assign):
            yield from ((target.id, one.value) for target in one.targets if isinstance(target, ast.Name))


def _same(found: Any, given: Any) -> bool:
    # a whole number may stand where the contract widens it, and papermill writes tuples as lists
    if isinstance(given, float) and type(found) is int:
        return found == given
    if isinstance(given, list | tuple) and isinstance(found, list | tuple):
        return len(found) == len(given) and all(map(_same, found, given))
    return type(found) is type(given) and bool(found == given)


def _shown(namespace: Mapping[str, Any], name: str) -> str:
    return head_of(repr(namespace[name]), 80) if name in namespace else "not set"
