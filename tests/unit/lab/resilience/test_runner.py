"""Runs are followed by their journals: what a finished one reports, and how waiting for an active one ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.resilience import runner
from lab.resilience.runner import ActiveRun, FinishedRun, planned_steps, wait_for
from runbook_lib.archive.journal import FILE, Journal
from runbook_lib.archive.runs import new_run

# opens a run, records the given events, prints, and waits for the given file
CHILD = """
import sys, time
from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import new_run
from pathlib import Path
import os
folder = new_run("20_deploy", Path(os.environ["RUNBOOK_OUTPUTS"]))
with Journal(folder) as journal:
    journal.write("plan", plan={"steps": [{"key": "start"}]}, hash="0")
    for key in sys.argv[2:]:
        journal.write("step_started", key=key)
    print("some output", flush=True)
    while sys.argv[1] and not os.path.exists(sys.argv[1]):
        time.sleep(0.05)
sys.exit(4)
"""


FOLLOWER = """
import signal, sys
from pathlib import Path
from lab.resilience.runner import ActiveRun
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background of a shell ignores it
run = ActiveRun((sys.executable, "-c", sys.argv[1], sys.argv[2], "start"), Path(sys.argv[3]))
run.until("step_started", "start")
print(run.process.pid, flush=True)
run.wait()
"""


def start(outputs: Path, until: Path | None, *keys: str) -> ActiveRun:
    return ActiveRun((sys.executable, "-c", CHILD, str(until or ""), *keys), outputs)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


def finished(outputs: Path, *ends: str) -> FinishedRun:
    folder = new_run("20_deploy", outputs)
    with Journal(folder) as journal:
        journal.write("plan", plan={"steps": [{"key": "old"}]}, hash="0")
        journal.write("plan", plan={"steps": [{"key": "start"}, {"key": "switch"}]}, hash="1")
        journal.write("step_finished", key="start", state="passed")
        journal.write("undo_finished", key="start", state="rolled back")
        for state in ends:
            journal.write("run_finished", state=state, exit_code=5)
    return FinishedRun(5, "printed", folder.path)


def test_a_finished_run_reports_its_steps_states_and_end(archive: Path) -> None:
    run = finished(archive, "rolled back")
    assert (run.steps, run.states, run.undone) == (["start", "switch"], {"start": "passed"}, ["start"])
    assert run.end["state"] == "rolled back"
    assert run.has("plan")
    assert not run.has("lock_taken")


@pytest.mark.parametrize("ends", [(), ("failed", "rolled back")])
def test_a_run_without_exactly_one_recorded_end_is_an_error(archive: Path, ends: tuple[str, ...]) -> None:
    with pytest.raises(LabError, match=f"records {len(ends)} ends"):
        finished(archive, *ends).end  # noqa: B018


def test_a_run_that_was_never_opened_has_no_events() -> None:
    assert (FinishedRun(2, "usage", None).events, planned_steps([])) == ([], [])


def test_an_active_run_is_followed_to_its_end(archive: Path, tmp_path: Path) -> None:
    with start(archive, tmp_path / "enough", "start") as run:
        run.until("step_started", "start")
        (tmp_path / "enough").touch()
        result = run.wait()
    assert result.code == 4
    assert result.output == "some output\n"
    assert result.steps == ["start"]


def test_a_run_that_ends_before_the_event_is_noticed(archive: Path) -> None:
    with start(archive, None) as run:
        assert run.reaches("step_started", "start") is False
    with start(archive, None) as run, pytest.raises(LabError, match=r"ended before step_started[\s\S]*some output"):
        run.until("step_started", "switch")


def test_leaving_a_run_stops_it(archive: Path, tmp_path: Path) -> None:
    with start(archive, tmp_path / "never", "start") as run:
        run.until("step_started", "start")
        assert run.kernel() == run.process.pid
    assert run.process.returncode == -signal.SIGTERM


def test_a_run_that_no_one_follows_any_more_is_stopped(archive: Path, tmp_path: Path) -> None:
    run = start(archive, tmp_path / "never", "start")
    run.until("step_started", "start")
    process = run.process
    del run
    assert process.returncode == -signal.SIGTERM


def test_ctrl_c_to_what_follows_a_run_stops_the_run(archive: Path, tmp_path: Path) -> None:
    """In a session of its own it does not get the signal of the terminal, and went on with the server."""
    with subprocess.Popen((sys.executable, "-c", FOLLOWER, CHILD, tmp_path / "never", archive), stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as follower:
        assert follower.stdout is not None
        child = int(follower.stdout.readline())
        follower.send_signal(signal.SIGINT)
        assert follower.wait(timeout=120) == -signal.SIGINT
    assert not Path(f"/proc/{child}").exists()


def test_who_reads_the_journal_of_a_run_is_not_taken_for_its_kernel(archive: Path, tmp_path: Path) -> None:
    """The runner reads it ten times a second, and the test that kills a kernel killed itself."""
    with start(archive, tmp_path / "never", "start") as run:
        run.until("step_started", "start")
        assert run.folder is not None
        with (run.folder / FILE).open("rb"):
            assert run.kernel() == run.process.pid


def test_waiting_ends_with_the_condition_or_the_timeout() -> None:
    answers = iter([False, False, True])
    assert wait_for(lambda: next(answers), "the third answer", 60) < 60
    with pytest.raises(LabError, match="Timed out after 0 s waiting for: never"):
        wait_for(lambda: False, "never", 0.01)


def test_a_run_is_started_as_an_operator_types_it(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, ...]] = []
    monkeypatch.setattr(runner, "ActiveRun", lambda words, outputs, variables: started.append(words))
    runner.start_run("lab", "lab", archive, "20_deploy", {"ref": "v1"}, "a test", low_priority=True)
    (words,) = started
    assert words[:3] == ("nice", "-n", "10")
    assert words[4:] == ("run", "20_deploy", "-e", "lab", "-p", "ref=v1", "--apply", "--confirm", "lab", "--reason",
                         "a test")


def test_what_a_run_printed_last_begins_with_a_whole_word() -> None:
    """A case of the report began in the middle of one: *lusive inconclusive*."""
    assert FinishedRun(1, "passed with warnings " * 100 + "\n", None).tail.split()[:2] in (["…", "passed"], ["…", "with"], ["…", "warnings"])
    assert FinishedRun(1, " short\n", None).tail == "short"
