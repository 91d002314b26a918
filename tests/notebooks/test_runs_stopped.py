"""Every unexpected end goes the way of a stop: the cell gets its time to undo, the run is sealed, the exit code is true.

All of them are started at once and stopped as soon as their long cell runs; then each is judged by what it left.
"""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from runbook_lib.archive.runs import RunSummary, list_runs, verify
from runbook_lib.core.findings import Verdict
from tests.notebooks.sample_notebooks import CLOSE, SECRET, ProjectDir

RUNBOOK = Path(os.sys.executable).with_name("runbook")  # type: ignore[attr-defined]
# a cell that needs two seconds to undo what it did
UNDO = """import pathlib, time
place = pathlib.Path(run.folder.path.parent)
try:
    (place / "working").touch()
    for _ in range(1200):
        time.sleep(0.1)
        if (place / "enough").exists():
            break
finally:
    (place / "stopping").touch()
    time.sleep(2)
    (place / "undone").touch()"""


@dataclass
class Case:
    """One run with its archive, in a session of its own as a terminal's job is."""

    name: str
    script: str
    stop: Callable[[Case], None]
    outputs: Path = field(default_factory=Path)
    process: subprocess.Popen[bytes] | None = None
    terminal: int = -1
    why: str = ""

    def start(self, project: ProjectDir, folder: Path) -> None:
        self.outputs = folder / "outputs"
        self.outputs.mkdir(parents=True)
        inside = f"echo $$ >{folder}/pid; {self.script.format(run=f'{RUNBOOK} run long', folder=folder)}"
        streams: dict[str, int] = {}
        if "terminal" in self.name:
            self.terminal, slave = pty.openpty()
            streams = {"stdin": slave, "stdout": slave, "stderr": slave}
        self.process = subprocess.Popen(
            ("bash", "-c", inside), start_new_session=True, preexec_fn=_hear_hang_ups, **streams,  # type: ignore[call-overload]
            env={**os.environ, "RUNBOOK_HOME": str(project.path), "RUNBOOK_OUTPUTS": str(self.outputs), "STAGING_DB_PASSWORD": SECRET})
        if streams:
            os.close(streams["stdin"])

    def group(self, first: int, *more: int) -> None:
        """Send the first signal, and the others once the cell has begun to undo: until then Python may hear them in another order."""
        assert self.process is not None
        os.killpg(self.process.pid, first)
        give_up = time.monotonic() + 120
        while more and not (self.outputs / "stopping").exists() and time.monotonic() < give_up:
            time.sleep(0.05)
        for number in more:
            os.killpg(self.process.pid, number)
            time.sleep(0.3)

    def runner(self, *numbers: int) -> None:
        pid = int(subprocess.run(("pgrep", "-f", "-s", str(self.process.pid), f"^\\S*python\\S* {RUNBOOK} run"),  # type: ignore[union-attr]
                                 capture_output=True, check=True).stdout.split()[0])
        for number in numbers:
            os.kill(pid, number)
            time.sleep(0.3)

    @property
    def run(self) -> RunSummary:
        (one,) = list_runs(self.outputs)
        return one


def _hear_hang_ups() -> None:
    """Under nohup the tests themselves ignore SIGHUP, and a process keeps what it inherits."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def hang_up(case: Case) -> None:
    os.close(case.terminal)
    case.group(signal.SIGHUP)  # what the kernel sends to a terminal's jobs where it has them as such


def lose_reader(case: Case) -> None:
    (case.outputs.parent / "stop-reading").touch()
    time.sleep(0.5)
    (case.outputs / "enough").touch()


def enough(case: Case) -> None:
    (case.outputs / "enough").touch()


READER = "(while [ ! -e {folder}/stop-reading ]; do read -t 0.1 line; done)"
CTRL_C, HANG_UP = "Ctrl-C or another interrupt (SIGINT)", "a hang-up (SIGHUP): its terminal or SSH session ended"
STOPPED = [
    Case("Ctrl-C with tee in the same pipe", "{run} 2>&1 | tee {folder}/log; exit ${{PIPESTATUS[0]}}", lambda case: case.group(signal.SIGINT), why=CTRL_C),
    Case("Ctrl-C twice", "exec {run} 2>{folder}/log", lambda case: case.group(signal.SIGINT, signal.SIGINT), why=CTRL_C),
    Case("SIGTERM twice, then Ctrl-C", "exec {run}", lambda case: case.group(signal.SIGTERM, signal.SIGTERM, signal.SIGINT), why="a request to end (SIGTERM)"),
    Case("SIGHUP", "exec {run}", lambda case: case.group(signal.SIGHUP), why=HANG_UP),
    Case("SIGQUIT", "exec {run}", lambda case: case.group(signal.SIGQUIT), why="Ctrl-\\ (SIGQUIT)"),
    Case("terminal that hangs up", "exec {run}", hang_up, why=HANG_UP),
    Case("SIGKILL to the runner", "{run}; exit 1", lambda case: case.runner(signal.SIGKILL), why="the process that had started it"),
    Case("SIGUSR1 to the runner", "{run}; exit 1", lambda case: case.runner(signal.SIGUSR1), why="the process that had started it"),
]
GOING_ON = [
    Case("a reader that dies", f"{{run}} 2>&1 | {READER}; exit ${{{{PIPESTATUS[0]}}}}", lose_reader),
    Case("nohup and a hang-up", "exec nohup {run} >{folder}/log 2>&1", lambda case: (case.group(signal.SIGHUP), enough(case))[1]),
    Case("SIGPIPE", "exec {run}", lambda case: (case.runner(signal.SIGPIPE), enough(case))[1]),
    Case("closed output", "exec {run} >&- 2>&-", enough),
    Case("all three closed", "exec {run} <&- >&- 2>&-", enough),
    Case("full disk behind the log", "exec {run} >/dev/full 2>&1", enough),
]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[int, Case]]]:
    """Exit code and case, by name."""
    base = tmp_path_factory.mktemp("stopped")
    project = ProjectDir(base / "home")
    project.add("10_long", UNDO, "run.verify([__import__('runbook_lib.core.findings').core.findings.finding('all', True)])", CLOSE)
    cases = [*STOPPED, *GOING_ON]
    for number, case in enumerate(cases):
        case.start(project, base / str(number))
    waiting, give_up = list(cases), time.monotonic() + 240
    while waiting and time.monotonic() < give_up:
        for case in [one for one in waiting if (one.outputs / "working").exists()]:
            waiting.remove(case)
            case.stop(case)
        time.sleep(0.05)
    assert not waiting, [case.name for case in waiting]
    yield {case.name: (case.process.wait(timeout=120), case) for case in cases if case.process}
    for case in cases:
        if case.process is not None and case.process.poll() is None:
            case.process.kill()


def is_sealed(case: Case) -> bool:
    """The worker of a killed runner seals it, a moment later."""
    give_up = time.monotonic() + 60
    while not (case.run.path / "manifest.json").exists() and time.monotonic() < give_up:
        time.sleep(0.1)
    return all(one.verdict is Verdict.PASSED for one in verify(case.run.path))


@pytest.mark.parametrize("name", [case.name for case in STOPPED])
def test_a_stopped_run_has_undone_and_is_sealed(ended: dict[str, tuple[int, Case]], name: str) -> None:
    code, case = ended[name]
    assert is_sealed(case)
    assert (case.outputs / "undone").exists()
    assert (case.run.state, case.run.exit_code, code) == ("aborted", 1, 1)


@pytest.mark.parametrize("name", [case.name for case in STOPPED])
def test_a_stopped_run_says_everywhere_what_stopped_it(ended: dict[str, tuple[int, Case]], name: str) -> None:
    """Found by a newcomer: after a lost SSH session the report had "Ctrl-C, SIGTERM or a deadline"."""
    _, case = ended[name]
    assert is_sealed(case)
    assert case.why in case.run.summary
    shown = subprocess.run((RUNBOOK, "archive", "show", case.run.run_id), capture_output=True, text=True, check=True,
                           env={**os.environ, "RUNBOOK_OUTPUTS": str(case.outputs)}).stdout
    texts = [shown, *((case.run.path / file).read_text() for file in ("summary.md", "junit.xml", "report.html"))]
    # what Markdown and HTML would act on is written otherwise there
    words = max(re.split(r"[^A-Za-z -]", case.why), key=len)
    assert [words in text for text in texts] == [True] * 4


@pytest.mark.parametrize("name", [case.name for case in GOING_ON])
def test_output_that_is_lost_ends_no_run(ended: dict[str, tuple[int, Case]], name: str) -> None:
    code, case = ended[name]
    assert is_sealed(case)
    assert (case.run.state, case.run.exit_code, code) == ("finished", 0, 0)
