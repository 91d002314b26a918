"""What a run left in its archive, as the tests of its ends ask for it."""

from __future__ import annotations

from pathlib import Path

from lab.resilience.runner import journal_writer
from runbook_lib.archive.runs import list_runs, verify
from runbook_lib.core.findings import Verdict


def only_run(outputs: Path) -> Path:
    runs = list_runs(outputs)
    assert len(runs) == 1
    return runs[0].path


def is_sealed_and_unchanged(folder: Path) -> bool:
    return all(one.verdict is Verdict.PASSED for one in verify(folder))


def lock_holder_process(folder: Path) -> int:
    """The process that holds the run's journal open."""
    found = journal_writer(folder)
    assert found is not None, "no process holds the journal"
    return found
