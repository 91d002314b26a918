"""What the runner gave this process to do, kept where no cell can override it, and the way to tell the runner.

A kernel of JupyterLab or of plain papermill was given nothing here: then a notebook's own names are all there is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Assignment:
    """One notebook file, as the runner read it, with the typed values that it is run with.

    `differs` says whether the project has another version of that notebook; None where the project has none.
    `stopped` says whether the runner has asked the run to stop, `reason` why, in words; empty where it has not.
    """

    file: Path
    sha256: str
    parameters_source: str
    values: Mapping[str, Any]
    differs: bool | None
    tell: Callable[..., None]
    stopped: Callable[[], bool] = lambda: False
    reason: Callable[[], str] = lambda: ""


_assigned: Assignment | None = None


def assign(assignment: Assignment) -> None:
    """Take in what the runner gave; called once, before any cell runs."""
    global _assigned
    fixed = MappingProxyType(dict(assignment.values))
    _assigned = Assignment(assignment.file, assignment.sha256, assignment.parameters_source, fixed,
                           assignment.differs, assignment.tell, assignment.stopped, assignment.reason)


def assigned() -> Assignment | None:
    """What the runner gave; None in JupyterLab and under plain papermill."""
    return _assigned


def tell_runner(**message: Any) -> None:
    """Tell the runner something, where there is one: `run`, once it is open, or how long stopping may take."""
    if _assigned is not None:
        _assigned.tell(**message)


def stop_asked() -> bool:
    """Whether the runner has asked this run to stop; a cell may have caught the interrupt that came with it."""
    return _assigned is not None and _assigned.stopped()
