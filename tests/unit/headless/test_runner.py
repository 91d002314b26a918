"""The runner's own part: what it does when something goes wrong on its side while a run goes on."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from runbook_lib import environment as environment_package
from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import new_run
from runbook_lib.headless import runner
from runbook_lib.headless.progress import Progress
from runbook_lib.headless.signals import Signals
from tests.notebooks.sample_notebooks import ProjectDir


class Worker:
    """A worker that ends when it is stopped."""

    def __init__(self, outputs: Path) -> None:
        self.grace_s = 0.0
        self.ended: dict[str, Any] = {}
        self.asked_to_end_by = 0
        self.outcome: dict[str, Any] | None = None
        self.signals: list[int] = []
        folder = new_run("10_good", outputs)
        self.run = {"run_id": folder.run_id, "folder": str(folder.path)}
        with Journal(folder) as opened:
            opened.write("run_started", run_id=folder.run_id)

    @property
    def running(self) -> bool:
        return not self.signals

    def wait(self, seconds: float) -> None: ...

    def read_messages(self) -> None: ...

    def signal(self, number: int, reason: str) -> None:
        self.signals.append(number)

    def end(self) -> None: ...


class Broken(Progress):
    def journal(self, run: dict[str, Any] | None) -> None:
        raise RuntimeError("a bug in the progress")


def test_an_error_on_this_side_stops_the_run_as_ctrl_c_does_and_is_shown_when_it_is_sealed(outputs: Path) -> None:
    worker = Worker(outputs)
    with pytest.raises(RuntimeError, match="a bug in the progress"):
        runner._attend(worker, Signals(), Broken(), 100.0, 1.0)  # type: ignore[arg-type]
    assert worker.signals == [signal.SIGINT]
    assert (Path(worker.run["folder"]) / "manifest.json").exists()


def test_a_stop_while_the_environment_is_read_begins_no_run_and_is_no_fault_of_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by a newcomer: Ctrl-C came out as ten settings that "should be text of the form <unprintable str object>"."""
    made = ProjectDir(tmp_path / "home")
    made.add("10_good")
    monkeypatch.setenv("RUNBOOK_HOME", str(made.path))
    monkeypatch.setattr(runner, "WorkerProcess", lambda *_: pytest.fail("a process was started"))
    load = environment_package.load_environment

    def stopped_meanwhile(name: str) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return load(name)

    monkeypatch.setattr(environment_package, "load_environment", stopped_meanwhile)
    outcome = runner.run_notebook("good", {})
    assert (outcome.exit_code, outcome.state, outcome.run_id) == (1, "aborted", None)
    assert outcome.summary.startswith("Stopped by a request to end (SIGTERM)")
