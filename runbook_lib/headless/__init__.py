"""Running a notebook without a person: contract first, then papermill in a process of its own, bounded in time."""

from __future__ import annotations

from typing import Any

from runbook_lib.headless.outcome import HeadlessOutcome
from runbook_lib.headless.runner import run_notebook

__all__ = ["HeadlessOutcome", "RunbookEngine", "run_notebook"]


def __getattr__(name: str) -> Any:
    if name == "RunbookEngine":  # papermill asks for it by its entry point; nobody else pays for the import
        from runbook_lib.headless.engine import RunbookEngine

        return RunbookEngine
    raise AttributeError(name)
