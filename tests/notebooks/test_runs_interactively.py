"""A person at a kernel, as in JupyterLab: a cell that failed can be corrected, and the run goes on to its verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

from runbook_lib.archive import journal
from runbook_lib.archive.runs import list_runs, verify
from runbook_lib.core.findings import Verdict
from tests.notebooks.sample_notebooks import GOOD, OPEN, PARAMETERS, ProjectDir

Cell = Callable[[str], tuple[str, str]]


@pytest.fixture
def cell(project_dir: ProjectDir, outputs: Path) -> Iterator[Cell]:
    """Run a cell where input is allowed, as JupyterLab does; gives its status and everything it showed."""
    manager, client = start_new_kernel()

    def run(source: str) -> tuple[str, str]:
        shown: list[str] = []

        def take(message: dict[str, Any]) -> None:
            content = message["content"]
            data = content.get("data") or {}
            shown.extend([content.get("text", ""), *map(str, data.values()), *content.get("traceback", [])])

        reply = client.execute_interactive(source, allow_stdin=True, timeout=120, output_hook=take,
                                           stdin_hook=lambda message: None)
        return reply["content"]["status"], "\n".join(shown)

    try:
        yield run
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


def test_a_failed_cell_is_corrected_and_the_run_passes(project_dir: ProjectDir, cell: Cell, outputs: Path) -> None:
    project_dir.add("10_good")
    assert cell(PARAMETERS)[0] == "ok"
    status, shown = cell(OPEN.format(name="10_good"))
    assert status == "ok"
    assert "no server listens here" in shown
    status, shown = cell("from runbook_lib.core.findings import finding\n"
                         "run.require([finding('room', False, next_step='Free space.')])")
    assert status == "error"
    assert "Next: Free space." in shown
    assert "Traceback" not in shown
    assert list_runs(outputs)[0].state == "open"
    assert cell("run.require([finding('room', True)])")[0] == "ok"
    status, shown = cell(GOOD)
    assert "blue" in shown
    status, shown = cell("run.close()")
    assert status == "ok"
    run = list_runs(outputs)[0]
    assert (run.verdict, run.exit_code) == ("passed", 0)
    assert all(one.verdict is Verdict.PASSED for one in verify(run.path))
    kinds = [event["event"] for event in journal.read(run.path)]
    assert kinds.count("error") == 1
    assert kinds.count("cell") == 6


def test_a_failure_that_nobody_corrected_fails_the_run(project_dir: ProjectDir, cell: Cell, outputs: Path) -> None:
    project_dir.add("10_good")
    cell(PARAMETERS)
    cell(OPEN.format(name="10_good"))
    cell("from runbook_lib.core.findings import finding\nrun.require([finding('room', False)])")
    assert cell("run.close()")[0] == "error"
    assert (list_runs(outputs)[0].verdict, list_runs(outputs)[0].exit_code) == ("failed", 1)


def test_opening_again_after_a_correction_begins_a_fresh_run(project_dir: ProjectDir, cell: Cell, outputs: Path) -> None:
    project_dir.add("10_good")
    cell(PARAMETERS)
    cell(OPEN.format(name="10_good"))
    cell("mine = 'a scratch value'")
    status, shown = cell(OPEN.format(name="10_good"))
    assert status == "ok", shown
    # both may have begun within one second, which their ids do not order
    assert sorted(run.state for run in list_runs(outputs)) == ["aborted", "open"]


@pytest.mark.parametrize("failing", ["missing_name", "from runbook_lib.core.errors import Refused; raise Refused('There is no earlier release.')"])
def test_going_on_past_a_cell_that_failed_is_no_pass(project_dir: ProjectDir, cell: Cell, outputs: Path, failing: str) -> None:
    project_dir.add("10_good")
    cell(PARAMETERS)
    cell(OPEN.format(name="10_good"))
    cell(GOOD)
    assert cell(failing)[0] == "error"
    status, shown = cell("run.close()")
    assert status == "error"
    assert f"the cell that begins with {failing[:20]}" in shown
    assert (list_runs(outputs)[0].verdict, list_runs(outputs)[0].exit_code) == ("inconclusive", 4)
