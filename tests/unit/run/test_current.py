"""The run that a process holds open: one at a time, and sealed when the process is asked to end."""

from __future__ import annotations

import signal

import pytest

from runbook_lib import kernel
from runbook_lib.core.errors import Aborted
from runbook_lib.run import current


class OpenRun:
    """Remembers how it was ended."""

    def __init__(self) -> None:
        self.ended: list[BaseException] = []

    def abort(self, error: BaseException) -> None:
        self.ended.append(error)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> OpenRun:
    monkeypatch.setattr(current, "_opened", False)
    monkeypatch.setattr(current, "_open", None)
    monkeypatch.setattr("atexit.register", lambda *_: None)
    made = OpenRun()
    current.remember(made)
    return made


def test_the_open_run_is_aborted_when_another_is_opened(run: OpenRun) -> None:
    current.close_previous()
    assert isinstance(run.ended[0], Aborted)
    assert current.opened_before()


def test_an_error_outside_of_a_cell_ends_the_open_run_as_itself(run: OpenRun) -> None:
    error = RuntimeError("outside of a cell")
    current.abort_open(error)
    current.forget(run)
    current.abort_open(RuntimeError("later"))
    assert run.ended == [error]


def test_a_run_that_was_let_go_is_left_alone(run: OpenRun) -> None:
    current.forget(OpenRun())
    current.forget(run)
    current.close_previous()
    assert run.ended == []


def test_sigterm_seals_the_run_and_ends_the_process(run: OpenRun) -> None:
    with pytest.raises(SystemExit):
        current._terminated(signal.SIGTERM, None)
    assert "SIGTERM" in str(run.ended[0])


def test_sigterm_during_a_cell_interrupts_it_so_that_it_can_undo(run: OpenRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "is_busy", lambda: True)
    with pytest.raises(KeyboardInterrupt):
        current._terminated(signal.SIGTERM, None)
    assert run.ended == []
