"""Runs as plain Python: opened from a sample notebook, and read back when they are sealed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runbook_lib import open_run
from runbook_lib.archive import journal
from runbook_lib.archive.runs import list_runs, verify
from runbook_lib.core.commands import Command
from runbook_lib.core.findings import Verdict
from runbook_lib.core.plan import Plan, Step
from runbook_lib.run import Run

TOUCH = Plan("touch", "nowhere", (Step("touch", "Touch", (Command(("touch", "/x")),)),))


def opened(**parameters: Any) -> Run:
    return open_run("10_good", {"environment": "nowhere", **parameters})


def finished(outputs: Path) -> dict[str, Any]:
    """The last event of the newest run, whose evidence must be whole."""
    # two runs may begin within a second, and the rest of their names has no order
    run = max(list_runs(outputs), key=lambda one: (one.path / "journal.jsonl").stat().st_mtime_ns)
    assert all(one.verdict is Verdict.PASSED for one in verify(run.path))
    return next(event for event in journal.read(run.path) if event["event"] == "run_finished")
