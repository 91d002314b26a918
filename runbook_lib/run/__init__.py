"""The object a notebook holds: it asks, plans, executes, checks, and leaves the evidence."""

from runbook_lib.run.opening import open_run
from runbook_lib.run.run import Run

__all__ = ["Run", "open_run"]
