"""Running a notebook without a person: contract first, then papermill in a process of its own, bounded in time."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runbook_lib.headless.entry import RunbookEngine
    from runbook_lib.headless.outcome import HeadlessOutcome
    from runbook_lib.headless.runner import run_notebook

__all__ = ["HeadlessOutcome", "RunbookEngine", "run_notebook"]

# loaded on first use: the child process and papermill, which looks for its engines, need only a part
_HOMES = {"HeadlessOutcome": "outcome", "RunbookEngine": "entry", "run_notebook": "runner"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'runbook_lib.headless' has no name {name!r}")
    return getattr(import_module(f"runbook_lib.headless.{_HOMES[name]}"), name)
