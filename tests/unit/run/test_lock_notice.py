"""Who holds the lock is shown with the first questions of a run that will want it, and never changes how it ends."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from runbook_lib import kernel
from runbook_lib.archive import journal
from runbook_lib.core.errors import REFUSED, HostUnreachable, LockHeld
from runbook_lib.core.questions import Question
from runbook_lib.headless.progress import Lines
from runbook_lib.platform.facts.operations import Operation
from runbook_lib.run import Run, lock_notice
from tests.notebooks.sample_notebooks import ProjectDir
from tests.unit.run_doubles import opened

HELD = Operation("ann@desk", "20261128T100000Z-abcd", "deploy v3.2.0", "2026-11-28T10:00:00Z", "2026-11-28T10:01:00Z")
WORDS = "The lock is held: ann@desk, for deploy v3.2.0 since 2026-11-28T10:00:00Z (run 20261128T100000Z-abcd)."


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was asked for the lock; the answer is HELD."""
    found: list[str] = []

    def answer(_: Any) -> Operation:
        found.append("lock")
        return HELD

    monkeypatch.setattr(lock_notice, "current_operation", lambda environment: Question("operation", answer))
    return found


def notices(run: Run) -> list[dict[str, Any]]:
    return [event for event in journal.read(run.folder) if event["event"] == "lock_held"]


def test_a_held_lock_is_shown_before_the_first_answer_has_come(project_dir: ProjectDir, asked: list[str]) -> None:
    run, shown = opened(), threading.Event()

    def slow(_: Any) -> int:
        for _moment in range(600):
            if notices(run):
                shown.set()
                return 1
            threading.Event().wait(0.1)
        return 0

    assert run.ask(Question("minutes", slow)) == 1
    run.ask_all(Question("one", lambda _: 1), Question("two", lambda _: 2))
    assert shown.is_set() and asked == ["lock"]  # once a run
    (event,) = notices(run)
    assert event["text"].startswith(WORDS) and event["owner"] == "ann@desk"
    out = io.StringIO()
    Lines(out).journal({"run_id": run.run_id, "folder": str(run.folder.path)})
    assert WORDS in out.getvalue()
    run.close()
    assert WORDS in (run.folder.path / "report.html").read_text().replace("<wbr>", "")


@pytest.mark.parametrize("answer", [lambda run: None, lambda run: Operation("me", run.run_id, "x", "now", "now")])
def test_a_free_lock_and_ones_own_are_not_worth_a_line(
    project_dir: ProjectDir, monkeypatch: pytest.MonkeyPatch, answer: Callable[[Run], Operation | None]
) -> None:
    run = opened()
    monkeypatch.setattr(lock_notice, "current_operation", lambda environment: Question("operation", lambda _: answer(run)))
    run.ask(Question("one", lambda _: 1))
    assert notices(run) == []


@pytest.mark.parametrize("error", [HostUnreachable("no answer"), RuntimeError("a bug")])
def test_a_lock_that_cannot_be_asked_for_ends_no_run(
    project_dir: ProjectDir, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(_: Any) -> Operation:
        raise error

    monkeypatch.setattr(lock_notice, "current_operation", lambda environment: Question("operation", fail))
    run = opened()
    assert run.ask(Question("one", lambda _: 1)) == 1
    run.close()


def test_a_notebook_that_takes_no_lock_does_not_ask_for_it(project_dir: ProjectDir, asked: list[str]) -> None:
    path = project_dir.path / "notebooks/10_good.ipynb"
    path.write_text(path.read_text().replace('mode: str = \\"plan\\"  # \\"plan\\" shows, \\"apply\\" does\\n', ""))
    run = opened()
    assert run.mode == "read-only"
    run.ask(Question("one", lambda _: 1))
    assert asked == []


def test_an_error_of_the_run_itself_is_raised_all_the_same(project_dir: ProjectDir, asked: list[str]) -> None:
    def broken(_: Any) -> int:
        raise HostUnreachable("no answer")

    run = opened()
    with pytest.raises(HostUnreachable):
        run.ask(Question("one", broken))
    with suppress(Exception):
        run.close()
    assert Path(run.folder.path / "report.html").exists()


@pytest.fixture
def headless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "is_unattended", lambda: True)


def test_a_headless_change_ends_before_its_first_question(
    project_dir: ProjectDir, asked: list[str], headless: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asked for a minute, showed its plan, and was refused at the end."""
    run = opened(mode="apply", confirm="nowhere")
    answered: list[str] = []
    with pytest.raises(LockHeld) as raised:
        run.ask_all(Question("minutes", lambda _: answered.append("it")))
    assert raised.value.exit_code == REFUSED
    assert raised.value.what.startswith("ann@desk has held the lock since 2026-11-28T10:00:00Z for deploy v3.2.0 "
                                        "(run 20261128T100000Z-abcd, last heartbeat 2026-11-28T10:01:00Z).")
    assert answered == [] and [event["owner"] for event in notices(run)] == ["ann@desk"]
    with suppress(Exception):
        run.close()


@pytest.mark.parametrize(("mode", "unattended"), [("plan", True), ("apply", False)])
def test_a_plan_and_an_operator_who_watches_are_shown_it_and_go_on(
    project_dir: ProjectDir, asked: list[str], monkeypatch: pytest.MonkeyPatch, mode: str, unattended: bool
) -> None:
    monkeypatch.setattr(kernel, "is_unattended", lambda: unattended)
    run = opened(mode=mode, confirm="nowhere")
    assert run.ask(Question("one", lambda _: 1)) == 1
    assert len(notices(run)) == 1
    with suppress(Exception):
        run.close()


def test_a_lock_that_cannot_be_asked_for_refuses_no_headless_change(
    project_dir: ProjectDir, headless: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Any) -> Operation:
        raise HostUnreachable("no answer")

    monkeypatch.setattr(lock_notice, "current_operation", lambda environment: Question("operation", fail))
    run = opened(mode="apply", confirm="nowhere")
    assert run.ask(Question("one", lambda _: 1)) == 1
    with suppress(Exception):
        run.close()
