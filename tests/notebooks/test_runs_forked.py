"""A cell that forks: the run belongs to the process that opened it, and the child ends with the cell's code."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

from runbook_lib.archive import journal
from runbook_lib.archive.runs import list_runs, verify
from runbook_lib.core.findings import Verdict
from runbook_lib.headless import run_notebook
from tests.notebooks.sample_notebooks import CLOSE, GOOD, OPEN, SECRET, ProjectDir

FORK = """pid = os.fork()
if not pid:
    {child}
else:
    print("child", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))"""
CHILDREN = {
    "print(run.secrets['STAGING_DB_PASSWORD'].reveal(), flush=True)": 0,
    "run.close()": 1,
    "run.abort(KeyboardInterrupt())": 0,
    "run.show('from a child')": 1,
    "run.connections": 1,
    "open_run('10_forking', globals())": 1,
    "1 / 0": 1,
    "raise SystemExit(7)": 7,
    "raise SystemExit('enough')": 1,
    "os.kill(os.getpid(), signal.SIGTERM); time.sleep(600)": -signal.SIGTERM,
    "os.kill(os.getpid(), signal.SIGINT); time.sleep(600)": 130,
    "os.fork()": 0,
    "get_ipython().system('true')": 0,
}
IMPORTS = "import multiprocessing, os, pathlib, signal, threading, time"
LATER = "with open(run.folder.path.parent / 'later', 'a') as file:\n    file.write(f'{os.getpid()}\\n')"
PROCESSES = """context = multiprocessing.get_context("fork")
asks, waits = context.Process(target=run.show, args=("from a child",)), context.Process(target=time.sleep, args=(600,))
for process in (asks, waits):
    process.start()
waits.terminate()
for process in (asks, waits):
    process.join()
with context.Pool(2) as pool:
    print("processes", asks.exitcode, waits.exitcode, pool.map(abs, [-1, -2]))"""
THREAD = """def fork():
    if pid := os.fork():
        print("thread", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
thread = threading.Thread(target=fork)
thread.start()
thread.join()"""
# a service that a cell leaves behind, in a session of its own
DAEMON = """if not os.fork():
    os.setsid()
    (run.folder.path.parent / "daemon").write_text(str(os.getpid()))
    for number in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)
    time.sleep(600)
while not (run.folder.path.parent / "daemon").exists():
    time.sleep(0.05)"""
CELLS = [IMPORTS, *(FORK.format(child=child) for child in CHILDREN), PROCESSES, THREAD, LATER]


def printed(outputs: Path) -> str:
    """What the cells of the only run printed to standard output, as the journal has it."""
    (run,) = list_runs(outputs)
    assert all(one.verdict is Verdict.PASSED for one in verify(run.path))
    assert (run.state, run.exit_code) == ("finished", 0)
    cells = [event for event in journal.read(run.path) if event["event"] == "cell"]
    assert "Error in callback" not in str(cells)
    assert "from a child" not in [event.get("text") for event in journal.read(run.path)]
    return "".join(output["text"] for cell in cells for output in cell["outputs"] if output.get("name") == "stdout")


def children_ended_as_programs_do(text: str) -> None:
    assert [int(line.split()[1]) for line in text.split("\n") if line.startswith("child ")] == list(CHILDREN.values())
    assert "processes 1 -15 [1, 2]" in text
    assert "thread 0" in text


def test_a_forked_child_ends_with_its_cell_and_the_run_goes_on(project_dir: ProjectDir, outputs: Path) -> None:
    project_dir.add("10_forking", *CELLS, DAEMON, GOOD, CLOSE)
    outcome = run_notebook("forking", {})
    daemon = int((outputs / "daemon").read_text())
    try:
        text = printed(outputs)
        children_ended_as_programs_do(text)
        assert "‹STAGING_DB_PASSWORD›" in text
        assert SECRET not in text
        assert len((outputs / "later").read_text().split()) == 1
        assert outcome.exit_code == 0
        # the child that is left would make the next start wait for a run that has ended
        with (list_runs(outputs)[0].path / journal.FILE).open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.kill(daemon, signal.SIGKILL)


def test_a_run_whose_process_is_killed_is_not_kept_open_by_a_child(project_dir: ProjectDir, outputs: Path) -> None:
    project_dir.add("10_forking", IMPORTS, DAEMON, "os.kill(os.getpid(), signal.SIGKILL)", CLOSE)
    outcome = run_notebook("forking", {})
    try:
        assert (outcome.exit_code, outcome.state) == (1, "aborted")
        assert all(one.verdict is Verdict.PASSED for one in verify(list_runs(outputs)[0].path))
    finally:
        os.kill(int((outputs / "daemon").read_text()), signal.SIGKILL)


def test_a_child_that_is_forked_before_the_run_is_open_never_opens_it(project_dir: ProjectDir, outputs: Path) -> None:
    project_dir.add("10_forking", f"{IMPORTS}\nos.fork()", OPEN.format(name="10_forking"), LATER, GOOD, CLOSE, opened=False)
    assert run_notebook("forking", {}).exit_code == 0
    printed(outputs)
    assert len((outputs / "later").read_text().split()) == 1


def test_under_plain_papermill_a_child_ends_with_its_cell_too(project_dir: ProjectDir, outputs: Path) -> None:
    notebook = project_dir.add("10_forking", *CELLS, GOOD, CLOSE)
    done = subprocess.run(
        (sys.executable, "-m", "papermill", str(notebook), str(notebook.with_suffix(".out.ipynb")), "--no-progress-bar"),
        capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    children_ended_as_programs_do(printed(outputs))
    assert len((outputs / "later").read_text().split()) == 1
    assert SECRET not in notebook.with_suffix(".out.ipynb").read_text()
