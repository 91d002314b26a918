"""A stop counts whatever the cell in progress makes of its interrupt: a program of the cell that ended with it, an
`except:`, another error. All runs are started at once and stopped as soon as their long cell runs.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

from runbook_lib.archive import journal
from runbook_lib.archive.runs import RunSummary, list_runs, verify
from runbook_lib.core.findings import Verdict
from tests.notebooks.sample_notebooks import CLOSE, GOOD, OPEN, PARAMETERS, SECRET, ProjectDir

RUNBOOK = Path(sys.executable).with_name("runbook")
WORKING = """import os, pathlib, subprocess, sys, time
place = run.folder.path.parent
(place / "working").write_text(str(os.getpid()))
"""
PLAN = """from runbook_lib.core.commands import Command
from runbook_lib.core.plan import Plan, Step
plan = Plan("touch", "nowhere", (Step("touch", "Touch", (Command(("touch", "/x")),)),))
"""


def waiting(then: str, caught: str = "") -> str:
    """A cell that waits for its interrupt, catches it, and does something else."""
    return f"{WORKING}try:\n    time.sleep(600)\nexcept {caught}:\n    {then}"


@dataclass
class Case:
    """One run of a notebook of its own, and how it is stopped."""

    name: str
    cell: str
    number: int = signal.SIGINT
    words: tuple[str, ...] = ()
    to_worker: bool = False
    outputs: Path = field(default_factory=Path)
    process: subprocess.Popen[bytes] | None = None

    def start(self, project: ProjectDir, outputs: Path, position: int) -> None:
        self.outputs = outputs
        outputs.mkdir()
        notebook = f"{position + 10}_stopped"
        project.add(notebook, GOOD, self.cell, "(run.folder.path.parent / 'later').touch()", CLOSE)
        self.process = subprocess.Popen(
            (str(RUNBOOK), "run", notebook, *self.words), start_new_session=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, preexec_fn=_hear_interrupts,
            env={**os.environ, "RUNBOOK_HOME": str(project.path), "RUNBOOK_OUTPUTS": str(outputs), "HERE": str(outputs),
                 "STAGING_DB_PASSWORD": SECRET})

    def stop(self) -> None:
        assert self.process is not None
        if self.to_worker:
            os.kill(int((self.outputs / "working").read_text()), self.number)
        else:
            os.killpg(self.process.pid, self.number)
        (self.outputs / "stopped").touch()

    @property
    def run(self) -> RunSummary:
        (one,) = list_runs(self.outputs)
        return one


def _hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


CASES = [
    Case("%%bash", "%%bash\necho -n $$ >$HERE/working\nsleep 600"),
    Case("%%bash that goes on after it", "%%bash\ntrap 'exit 130' INT\necho -n $$ >$HERE/working\nwhile :; do sleep 0.1; done"),
    Case("a shell escape, and more after it", "!echo -n $$ >$HERE/working; sleep 600\nprint('after it')"),
    Case("os.system", f"{WORKING}assert os.system('sleep 600') == 0"),
    Case("subprocess.run", f"{WORKING}subprocess.run(('sleep', '600'), check=True)"),
    Case("a program's own 130", waiting("raise subprocess.CalledProcessError(130, 'sleep')")),
    Case("a program's own -2", waiting("raise subprocess.CalledProcessError(-2, 'sleep')", "KeyboardInterrupt")),
    Case("another error", waiting("1 / 0")),
    Case("an exit", waiting("sys.exit(0)")),
    Case("nothing", waiting("pass", "KeyboardInterrupt")),
    Case("run.close()", waiting("run.close()", "KeyboardInterrupt")),
    Case("run.close() whose end is caught too", waiting("""try:
        run.close()
    except:
        pass""")),
    Case("run.execute()", f"{PLAN}{waiting('run.execute(plan)')}", words=("--apply", "--confirm", "nowhere")),
    Case("SIGTERM to the runner in time.sleep", f"{WORKING}time.sleep(600)", signal.SIGTERM),
    Case("SIGTERM to the worker in time.sleep", f"{WORKING}time.sleep(600)", signal.SIGTERM, to_worker=True),
    Case("SIGTERM to the worker, caught", waiting("pass"), signal.SIGTERM, to_worker=True),
]
SEALING = Case("sealing", f"""{WORKING.replace('(place / "working")', '# ')}
from runbook_lib.run import closing
seal = closing.seal
def seal_slowly(folder):
    (place / "working").write_text(str(os.getpid()))
    while not (place / "stopped").exists():
        time.sleep(0.05)
    return seal(folder)
closing.seal = seal_slowly
run.close()""")


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[int, Case]]]:
    """Exit code and case, by name."""
    base = tmp_path_factory.mktemp("caught")
    project = ProjectDir(base / "home")
    cases = [*CASES, SEALING]
    try:
        for position, case in enumerate(cases):
            case.start(project, base / str(position), position)
        waiting, give_up = list(cases), time.monotonic() + 300
        while waiting and time.monotonic() < give_up:
            for case in [one for one in waiting if (one.outputs / "working").exists() and (one.outputs / "working").read_text()]:
                waiting.remove(case)
                case.stop()
            time.sleep(0.05)
        assert not waiting, [case.name for case in waiting]
        yield {case.name: (case.process.wait(timeout=300), case) for case in cases if case.process}
    finally:
        for case in cases:
            if case.process is not None and case.process.poll() is None:
                case.process.kill()


@pytest.mark.parametrize("name", [case.name for case in CASES])
def test_a_stop_is_a_stop_whatever_the_cell_ends_with(ended: dict[str, tuple[int, Case]], name: str) -> None:
    code, case = ended[name]
    assert (case.run.state, case.run.exit_code, code) == ("aborted", 1, 1)
    assert case.run.summary.startswith("Stopped by ")
    assert "Internal error" not in case.run.summary
    assert all(one.verdict is Verdict.PASSED for one in verify(case.run.path))
    assert not (case.outputs / "later").exists()
    assert not (case.run.path / "evidence/internal-error.txt").exists()
    assert "step_started" not in [event["event"] for event in journal.read(case.run.path)]


def test_a_stop_during_sealing_comes_too_late_to_change_the_end(ended: dict[str, tuple[int, Case]]) -> None:
    code, case = ended[SEALING.name]
    assert (case.run.state, case.run.exit_code, code) == ("finished", 0, 0)
    assert all(one.verdict is Verdict.PASSED for one in verify(case.run.path))


Interrupted = Callable[[str, bool], None]


@pytest.fixture
def interrupted(project_dir: ProjectDir, outputs: Path) -> Iterator[Interrupted]:
    """Run the cells that open a run and one that waits for an interrupt, which comes."""
    project_dir.add("10_good")
    manager, client = start_new_kernel()

    def run(source: str, attended: bool) -> None:
        for cell in (PARAMETERS, OPEN.format(name="10_good"), GOOD):
            client.execute_interactive(cell, allow_stdin=attended, timeout=120, output_hook=lambda message: None)
        client.execute(source, allow_stdin=attended)
        give_up = time.monotonic() + 120
        while not (outputs / "working").exists() and time.monotonic() < give_up:
            time.sleep(0.05)
        manager.interrupt_kernel()
        client.get_shell_msg(timeout=120)
        # what a client sends next is answered when the cell's record is written
        client.execute_interactive("1", allow_stdin=attended, timeout=120, output_hook=lambda message: None)

    try:
        yield run
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


@pytest.mark.parametrize("then", ["raise subprocess.CalledProcessError(-2, 'sleep')", "pass"])
def test_in_a_kernel_without_an_operator_an_interrupt_is_a_stop(interrupted: Interrupted, outputs: Path, then: str) -> None:
    interrupted(waiting(then), False)
    (run,) = list_runs(outputs)
    assert (run.state, run.exit_code) == ("aborted", 1)


def test_in_jupyterlab_an_interrupt_is_for_the_cell_alone(interrupted: Interrupted, outputs: Path) -> None:
    interrupted(waiting("run.close()"), True)
    (run,) = list_runs(outputs)
    assert (run.state, run.exit_code) == ("finished", 0)
