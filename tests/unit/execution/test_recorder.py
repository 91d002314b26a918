"""Writing is strict while an execution goes forward, and best effort while something is undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import new_run
from runbook_lib.core.errors import RunFailed
from runbook_lib.execution.recorder import Recorder


class Refusing:
    """A journal and a folder of a disk that refuses everything."""

    redactor = None

    def write(self, event: str, **fields: object) -> None:
        raise RunFailed("the disk is full")

    def evidence(self, name: str, content: object) -> str:
        raise MemoryError("no memory")

    chart = evidence


def test_a_failure_is_raised_until_something_is_undone() -> None:
    recorder = Recorder(Refusing(), Refusing())  # type: ignore[arg-type]
    with pytest.raises(RunFailed):
        recorder.write("step_started")
    with pytest.raises(MemoryError):
        recorder.evidence("x.txt", "x")
    assert recorder.loss == ""


def test_from_then_on_it_is_counted_with_the_first_reason() -> None:
    recorder = Recorder(Refusing(), Refusing())  # type: ignore[arg-type]
    recorder.be_lenient()
    recorder.write("undo_started")
    assert recorder.evidence("x.txt", "x") == "" and recorder.chart("x.svg", "x") == ""
    assert recorder.loss == "3 records of this run could not be written: the disk is full"


def test_what_can_be_written_is_written(tmp_path: Path) -> None:
    folder = new_run("10_good", tmp_path)
    with Journal(folder) as journal:
        recorder = Recorder(journal, folder)
        recorder.be_lenient()
        recorder.write("lock_taken")
        assert recorder.evidence("x.txt", "x") == "evidence/x.txt"
    assert recorder.loss == "" and "lock_taken" in (folder.path / "journal.jsonl").read_text()
