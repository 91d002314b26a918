"""The runner's parts that need no kernel: outcomes from journals, stops in three steps, progress lines."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import new_run
from runbook_lib.headless import runner
from runbook_lib.headless.outcome import outcome_of_journal, outcome_without_run
from runbook_lib.headless.progress import Lines, Progress, Terminal, progress_for


class Child:
    def __init__(self) -> None:
        self.signals: list[int] = []

    def signal(self, number: int) -> None:
        self.signals.append(number)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr("runbook_lib.headless.runner.time.monotonic", lambda: now[0])
    return now


def test_a_deadline_stops_in_three_steps_with_time_between(clock: list[float]) -> None:
    child = Child()
    stops = runner._Stops(child, Progress(), deadline=10, grace_s=5)  # type: ignore[arg-type]
    sent = {}
    for second in range(60):
        clock[0] = float(second)
        stops.tick(0)
        for number in child.signals[len(sent):]:
            sent[number] = second
    assert sent == {signal.SIGINT: 10, signal.SIGTERM: 15, signal.SIGKILL: 25}


def test_being_asked_stops_at_once_and_asking_again_does_not_hurry_the_undo(clock: list[float]) -> None:
    child = Child()
    stops = runner._Stops(child, Progress(), deadline=1000, grace_s=5)  # type: ignore[arg-type]
    stops.tick(1)
    stops.tick(2)
    stops.tick(3)
    assert child.signals == [signal.SIGINT]


def test_the_journal_decides_the_exit_code(outputs: Path) -> None:
    folder = new_run("20_deploy", outputs)
    with Journal(folder) as opened:
        opened.write("run_started", run_id=folder.run_id)
        assert outcome_of_journal(folder.path, folder.run_id, 1.0).state == "aborted"
        opened.write("run_finished", verdict="failed", state="rolled back", exit_code=5, summary="Undone.")
    outcome = outcome_of_journal(folder.path, folder.run_id, 1.0)
    assert (outcome.exit_code, outcome.state) == (5, "rolled back")


@pytest.mark.parametrize(("ended", "code"), [
    ({"ename": "BadParameter", "evalue": "x"}, 2), ({"ename": "SecretMissing", "evalue": "x"}, 3),
    ({"ename": "NameError", "evalue": "x"}, 70), ({}, 70), ({"ename": "PASSED"}, 70), ({"ename": "annotations"}, 70),
])
def test_a_notebook_that_never_opened_a_run_ends_as_its_error_says(ended: dict[str, Any], code: int) -> None:
    assert outcome_without_run(ended, 1.0).exit_code == code


def test_progress_shows_each_event_once_and_waits_for_torn_lines(outputs: Path) -> None:
    folder, out = new_run("20_deploy", outputs), io.StringIO()
    lines = Lines(out)
    with Journal(folder) as opened:
        opened.write("step_started", key="build", title="Build the image")
        run = {"run_id": folder.run_id, "folder": str(folder.path)}
        lines.journal(run)
        lines.journal(run)
        opened.write("step_finished", key="build", title="Build the image", state="failed", seconds=2.0, message="no")
        with (folder.path / "journal.jsonl").open("ab") as torn:
            torn.write(b'{"event": "step_st')
        lines.journal(run)
    shown = out.getvalue()
    assert shown.count("… Build the image") == 1
    assert "✘ Build the image: failed (2.0 s): no" in shown


def test_a_terminal_gets_a_moving_line_and_a_log_gets_none() -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert isinstance(progress_for(Screen()), Terminal)
    assert type(progress_for(io.StringIO())) is Lines


def test_the_engine_can_be_imported_first_and_papermill_finds_it_by_its_entry_point() -> None:
    probe = ("import runbook_lib.headless.engine as ours; from papermill.engines import papermill_engines\n"
             "assert papermill_engines.get_engine('runbook').nb_language is not None\nprint(ours.RunbookEngine.__name__)")
    done = subprocess.run((sys.executable, "-c", probe), capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "RunbookEngine", done.stderr
