"""After the lock is taken, every exception leads to the undo; what could not be recorded is said."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.archive import journal
from runbook_lib.archive.runs import RunFolder, new_run
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import RollbackFailed, RolledBack, RunFailed
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Step, StepState
from runbook_lib.core.questions import Question
from runbook_lib.execution import ActionResult, PlanExecutor
from tests.unit.execution_doubles import FAILED, ScriptedBackend, executed, gate, plan, states, step

FULL = OSError(errno.ENOSPC, "No space left on device")
EXCEPTIONS = [FULL, MemoryError(), RuntimeError("of a library"), KeyboardInterrupt(), SystemExit(3), ZeroDivisionError("x"),
              RecursionError(), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"), GeneratorExit(), TypeError("'None'")]
named = pytest.mark.parametrize("error", EXCEPTIONS, ids=lambda error: type(error).__name__)


@pytest.fixture
def folder(outputs: Path) -> RunFolder:
    return new_run("20_deploy", outputs)


@contextmanager
def failing_journal(folder: RunFolder, error: BaseException, fails: Callable[[str, int], bool]) -> Iterator[journal.Journal]:
    """A journal that raises where `fails(event, how many events before)` says so."""
    with journal.Journal(folder) as opened:
        real, count = opened.write, 0

        def write(event: str, **fields: Any) -> dict[str, Any]:
            nonlocal count
            count += 1
            if fails(event, count - 1):
                raise error
            return real(event, **fields)

        opened.write = write  # type: ignore[method-assign]
        yield opened


def run(folder: RunFolder, backend: ScriptedBackend, opened: journal.Journal, what: Any = None, **options: Any) -> None:
    PlanExecutor(what or plan(), backend, opened, folder, options.get("progress", lambda *_: None)).run()


@named
def test_whatever_an_action_raises_everything_is_undone(folder: RunFolder, error: BaseException) -> None:
    backend = ScriptedBackend(two=error)
    with pytest.raises(RolledBack) as raised:
        executed(folder, plan(), backend)
    assert backend.did == ["one", "two", "untwo", "unone"]
    assert not backend.held
    assert states(folder)["two"] == ("aborted" if isinstance(error, KeyboardInterrupt) else "failed")
    assert "Step 2 of 3" in raised.value.what


def test_the_traceback_of_an_internal_error_is_in_the_evidence(folder: RunFolder) -> None:
    with pytest.raises(RolledBack) as raised:
        executed(folder, plan(), ScriptedBackend(two=ZeroDivisionError("x")))
    assert "internal error (a bug in the runbooks): ZeroDivisionError: x" in raised.value.what
    assert "Traceback" in (folder.path / "evidence/two-internal-error.txt").read_text()


def test_an_internal_error_of_which_nothing_is_undone_stays_one(folder: RunFolder) -> None:
    with pytest.raises(ZeroDivisionError):
        executed(folder, plan(undo=False), ScriptedBackend(two=ZeroDivisionError("x")))


@named
@pytest.mark.parametrize("event", ["step_started", "step_finished"])
def test_a_step_that_cannot_be_recorded_is_undone_with_all_before(folder: RunFolder, error: BaseException, event: str) -> None:
    backend, seen = ScriptedBackend(), []

    def fails(name: str, count: int) -> bool:
        seen.append(name)
        return seen.count(event) == 2 and name == event

    with failing_journal(folder, error, fails) as opened, pytest.raises(RolledBack):
        run(folder, backend, opened)
    did = ["one", "two"] if event == "step_finished" else ["one"]
    assert backend.did == [*did, "untwo", "unone"]
    assert not backend.held


@named
def test_a_disk_that_stays_full_hinders_no_undo_and_the_outcome_says_what_is_lost(folder: RunFolder, error: BaseException) -> None:
    backend = ScriptedBackend()
    with failing_journal(folder, error, lambda event, count: count >= 3) as opened, pytest.raises(RolledBack) as raised:
        run(folder, backend, opened)
    assert backend.did == ["one", "untwo", "unone"]
    assert not backend.held
    assert "could not be written" in raised.value.what
    assert raised.value.exit_code == 5


@pytest.mark.parametrize("count", range(1, 9))
def test_wherever_writing_stops_the_plan_is_done_and_recorded_or_undone(folder: RunFolder, count: int) -> None:
    backend = ScriptedBackend()
    try:
        with failing_journal(folder, FULL, lambda event, before: before >= count) as opened:
            run(folder, backend, opened)
    except RolledBack:
        done = [name for name in backend.did if not name.startswith("un")]
        undone = [name.removeprefix("un") for name in backend.did if name.startswith("un")]
        assert set(done) <= set(undone)
        assert undone == sorted(undone, key=["three", "two", "one"].index)
    except RunFailed:  # every step passed, and only the end of the lock is missing
        assert backend.did == ["one", "two", "three"]
    else:
        assert backend.did == ["one", "two", "three"]
    assert not backend.held


def test_before_the_first_step_nothing_is_to_be_undone(folder: RunFolder) -> None:
    backend = ScriptedBackend()
    with failing_journal(folder, FULL, lambda event, count: event == "lock_taken") as opened, pytest.raises(OSError, match="No space"):
        run(folder, backend, opened)
    assert backend.did == [] and not backend.held


@named
def test_an_undo_that_raises_is_a_failed_undo_and_not_the_end(folder: RunFolder, error: BaseException) -> None:
    backend = ScriptedBackend(two=FAILED, untwo=error)
    with pytest.raises(RollbackFailed) as raised:
        executed(folder, plan(), backend)
    assert "Undoing 'Two' failed too" in raised.value.what
    assert "Not undone: One" in raised.value.what
    assert not backend.held and raised.value.exit_code == 6


def test_an_undo_at_best_effort_that_raises_lets_the_others_be_undone(folder: RunFolder) -> None:
    backend = ScriptedBackend(three=FAILED, untwo=RuntimeError("x"))
    steps = (step("one"), replace(step("two"), undo_best_effort=True), step("three"))
    with pytest.raises(RollbackFailed):
        executed(folder, plan(*steps), backend)
    assert backend.did == ["one", "two", "three", "unthree", "untwo", "unone"]


@named
def test_a_verification_that_raises_is_a_failed_rollback(folder: RunFolder, error: BaseException) -> None:
    def judge(healthy: Any) -> Any:
        raise error

    check = replace(gate([True]), judge=judge)
    with pytest.raises(RollbackFailed) as raised:
        executed(folder, replace(plan(), rollback_check=check), ScriptedBackend(two=FAILED))
    assert "Everything was undone (2 steps), but the external verification did not pass" in raised.value.what


def test_a_gate_whose_judge_has_a_bug_is_undone(folder: RunFolder) -> None:
    broken = Gate("ready", (Question("healthy", lambda connections: True),), lambda healthy: healthy["no"], interval_s=0.01)
    backend = ScriptedBackend()
    with pytest.raises(RolledBack):
        executed(folder, plan(step("one"), Step("gate", "Gate", (broken,))), backend)
    assert backend.did == ["one", "unone"]


def test_a_screen_that_is_gone_changes_nothing(folder: RunFolder) -> None:
    def progress(*_: object) -> None:
        raise BrokenPipeError

    backend = ScriptedBackend()
    with journal.Journal(folder) as opened:
        run(folder, backend, opened, progress=progress)
    assert backend.did == ["one", "two", "three"]


def test_evidence_that_cannot_be_kept_is_counted(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> str:
        raise FULL

    monkeypatch.setattr(RunFolder, "evidence", refuse)
    backend = ScriptedBackend()
    with pytest.raises(RolledBack) as raised:
        executed(folder, plan(), backend)
    assert backend.did == ["one", "unone"]
    assert "records of this run could not be written" in raised.value.what


def test_a_stopped_action_is_undone_though_its_output_cannot_be_kept(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    from runbook_lib.execution.backend import Interrupted

    monkeypatch.setattr(RunFolder, "evidence", lambda *_: (_ for _ in ()).throw(FULL))
    stopped = Interrupted(ActionResult(StepState.ABORTED, 130, stdout="half"))
    with pytest.raises(RolledBack):
        executed(folder, plan(), backend := ScriptedBackend(one=stopped))
    assert backend.did == ["one", "unone"]


def test_an_undo_may_not_take_a_failure_for_success() -> None:
    with pytest.raises(ValueError, match="ask whether it is absent"):
        Step("one", "One", (), undo=(Command(("docker", "rm", "x"), accepts=(0, 1)),))
    assert Step("one", "One", (), undo=(Command(("reload",), accepts=(0, 4)),)).undo


