"""Runs that our runner ends before their last cell: by a signal, by their deadline, or because the kernel is gone."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.archive import journal
from runbook_lib.archive.runs import list_runs, seal_abandoned
from runbook_lib.headless import run_notebook, stops
from tests.notebooks.sample_notebooks import CLOSE, ProjectDir
from tests.notebooks.sealed_runs import is_sealed_and_unchanged, lock_holder_process, only_run

LONG = "import time\nprint('working', flush=True)\ntime.sleep(1200)"


def when_working(outputs: Path, do: Callable[[dict[str, Any]], None]) -> threading.Thread:
    """Call `do` with the kernel's announcement once the notebook's long cell is running."""

    def watch() -> None:
        give_up = time.monotonic() + 90
        while time.monotonic() < give_up:
            for run in list_runs(outputs):
                if len([event for event in journal.read(run.path) if event["event"] == "cell"]) >= 3:
                    time.sleep(0.5)
                    do({"folder": run.path})
                    return
            time.sleep(0.1)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


def is_alive(process: int) -> bool:
    """Whether a process runs; one that is dead but whose parent has not looked yet does not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False


class Clock:
    """The runner's clock, which a test can put forward: no machine is too slow for a deadline that comes when the cell runs."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead_s


def test_ctrl_c_to_the_runner_seals_the_run_as_aborted(project_dir: ProjectDir, outputs: Path) -> None:
    project_dir.add("10_long", LONG, CLOSE)
    when_working(outputs, lambda run: os.kill(os.getpid(), signal.SIGINT))
    outcome = run_notebook("long", {})
    assert (outcome.exit_code, outcome.state) == (1, "aborted")
    assert outcome.seconds < 500
    assert is_sealed_and_unchanged(only_run(outputs))


def test_sigterm_to_the_runner_seals_the_run_as_aborted(project_dir: ProjectDir, outputs: Path) -> None:
    project_dir.add("10_long", LONG, CLOSE)
    when_working(outputs, lambda run: os.kill(os.getpid(), signal.SIGTERM))
    outcome = run_notebook("long", {})
    assert (outcome.exit_code, outcome.state) == (1, "aborted")
    assert is_sealed_and_unchanged(only_run(outputs))


def test_the_deadline_of_the_whole_run_ends_even_a_cell_that_ignores_interrupts(
    project_dir: ProjectDir, outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = "import time\nend = time.time() + 600\nwhile time.time() < end:\n    try:\n        time.sleep(1)\n"
    project_dir.add("10_deaf", deaf + "    except BaseException:\n        pass", CLOSE)
    clock = Clock()
    held: list[int] = []

    def two_hours_pass(run: dict[str, Any]) -> None:
        held.append(lock_holder_process(run["folder"]))
        clock.ahead_s = 7200

    monkeypatch.setattr(stops, "time", clock)
    monkeypatch.setattr(stops, "LAST_GRACE_S", 1.0)
    when_working(outputs, two_hours_pass)
    started = time.monotonic()
    outcome = run_notebook("deaf", {}, timeout_s=7200, grace_s=2)
    assert (outcome.exit_code, outcome.state) == (1, "aborted")
    assert outcome.summary.startswith("Stopped by its time limit of 7200 s.")
    assert time.monotonic() - started < 600  # it did not wait for the cell
    assert is_sealed_and_unchanged(only_run(outputs))
    assert held
    assert not is_alive(held[0])


def test_a_killed_kernel_leaves_a_run_that_is_sealed_as_aborted(project_dir: ProjectDir, outputs: Path) -> None:
    project_dir.add("10_long", LONG, CLOSE)
    when_working(outputs, lambda run: os.kill(lock_holder_process(run["folder"]), signal.SIGKILL))
    outcome = run_notebook("long", {})
    assert (outcome.exit_code, outcome.state) == (1, "aborted")
    assert is_sealed_and_unchanged(only_run(outputs))
    assert seal_abandoned(outputs) == []
