"""Running a notebook without a person: contract first, then the cells in a process of their own, bounded in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runbook_lib.core.lazy import loader

if TYPE_CHECKING:
    from runbook_lib.headless.outcome import HeadlessOutcome
    from runbook_lib.headless.plugin import RunbookEngine
    from runbook_lib.headless.runner import run_notebook

__all__ = ["HeadlessOutcome", "RunbookEngine", "run_notebook"]

# loaded on first use: the worker, and papermill, which looks for its engines, need only a part
__getattr__ = loader(__name__, {
    "HeadlessOutcome": "runbook_lib.headless.outcome",
    "RunbookEngine": "runbook_lib.headless.plugin",
    "run_notebook": "runbook_lib.headless.runner",
})
