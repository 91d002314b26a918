"""The hooks of a run in a kernel, and their absence outside one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

from runbook_lib import kernel
from runbook_lib.archive.runs import new_run
from runbook_lib.core.errors import CellNotReady, LockHeld
from runbook_lib.core.redaction import Secret
from tests.unit.kernel_doubles import Session


def test_outside_a_kernel_nothing_is_hooked() -> None:
    assert kernel.shell() is None
    assert kernel.is_headless()
    assert not kernel.is_busy()


class Events:
    """IPython's events: which hooks are registered."""

    def __init__(self) -> None:
        self.callbacks: dict[str, list[Any]] = {"pre_run_cell": [], "post_run_cell": []}

    def register(self, event: str, hook: Any) -> None:
        self.callbacks[event].append(hook)

    def unregister(self, event: str, hook: Any) -> None:
        self.callbacks[event].remove(hook)


class Shell:
    """A shell that has run a cell with parameters and is running the one that opens the run."""

    def __init__(self) -> None:
        self.user_ns = {"In": ["", "count = 3", "run = open_run()"]}
        self.kernel = SimpleNamespace(session=Session(), control_thread=None)
        self.events, self.shown = Events(), list[tuple[str, list[str]]]()
        html, text = MagicMock(), MagicMock()
        self.display_formatter = SimpleNamespace(formatters={"text/html": html, "text/plain": text})

    def _showtraceback(self, kind: type, error: BaseException, lines: list[str]) -> None:
        self.shown.append((kind.__name__, lines))


@pytest.fixture
def cells() -> list[Any]:
    return []


@pytest.fixture
def hooks(outputs: Path, cells: list[Any]) -> Iterator[kernel.Hooks]:
    made = kernel.Hooks(Shell(), new_run("10_good", outputs), lambda *cell: cells.append(cell))
    yield made
    made.remove()


def test_cells_that_ran_before_the_run_was_opened_are_recorded_too(hooks: kernel.Hooks, cells: list[Any]) -> None:
    hooks.record_earlier_cells()
    hooks._after(SimpleNamespace(error_before_exec=None, error_in_exec=None))
    assert [(number, source) for number, source, _, _ in cells] == [(1, "count = 3"), (2, "run = open_run()")]


def test_a_run_is_busy_while_a_cell_is_running(hooks: kernel.Hooks) -> None:
    assert hooks.busy
    hooks._after(SimpleNamespace(error_before_exec=None, error_in_exec=None))
    assert not hooks.busy
    hooks._before(SimpleNamespace(raw_cell="1 + 1"))
    assert hooks.busy


@pytest.mark.parametrize(("error", "name", "first"), [
    (LockHeld("Ben has it."), "LockHeld", "a line of its own"),
    (KeyboardInterrupt(), "KeyboardInterrupt", "Stopped by Ctrl-C or another interrupt (SIGINT)."),
    (SystemExit(0), "NotebookEnded", "The cell exited the kernel. Finish runs with run.close(); this one counts as failed."),
    (ZeroDivisionError("x"), "ZeroDivisionError",
     "Internal error (a bug in the runbooks), not a fault of the server: ZeroDivisionError: x"),
])
def test_an_error_is_shown_in_words_and_only_a_bug_has_a_traceback_in_evidence(
    hooks: kernel.Hooks, error: BaseException, name: str, first: str
) -> None:
    hooks._show_error(type(error), error, ["a line of its own"])
    assert hooks._shell.shown[0][0] == name
    assert hooks._shell.shown[0][1][0] == first
    assert (hooks._folder.path / "evidence/internal-error.txt").exists() == (name == "ZeroDivisionError")


def test_a_long_error_is_broken_between_words_and_never_within_a_secret(hooks: kernel.Hooks) -> None:
    secret = hooks._folder.redactor.learn(Secret("PASSPHRASE", "correct horse battery staple"))
    words = "a line of words " * 5
    error = LockHeld(f"{words}{secret.reveal()} and the rest", next_step=f"One.\n{words * 2}")
    hooks._show_error(type(error), error, error._render_traceback_())
    lines = hooks._shell.shown[-1][1]
    assert max(map(len, lines)) <= kernel.WIDTH
    assert "horse" not in "".join(lines) and "‹PASSPHRASE›" in "".join(lines)
    assert lines[-1].startswith("      ") and len(lines) == 5


def test_removed_hooks_leave_the_shell_as_it_was_but_for_redaction(hooks: kernel.Hooks) -> None:
    assert hooks._shell._showtraceback == hooks._show_error
    hooks.remove()
    assert hooks._shell._showtraceback == hooks._plain_traceback
    assert hooks._shell.events.callbacks == {"pre_run_cell": [], "post_run_cell": []}
    assert hooks._shell.kernel.session.send.channel is hooks.channel


def test_a_cell_below_a_refused_one_is_refused_too_and_not_a_bug(hooks: kernel.Hooks, cells: list[Any]) -> None:
    names = hooks._shell.user_ns
    hooks._before(SimpleNamespace(raw_cell="plan = make()", cell_id="a"))
    hooks._after(SimpleNamespace(error_before_exec=None, error_in_exec=LockHeld("Ben has it.", next_step="Wait.")))
    hooks._before(SimpleNamespace(raw_cell="show(plan)", cell_id="b"))
    with pytest.raises(NameError) as caught:
        exec("plan", names)
    hooks._show_error(NameError, caught.value, ["a traceback"])
    hooks._after(SimpleNamespace(error_before_exec=None, error_in_exec=caught.value))
    assert hooks._shell.shown[-1] == ("CellNotReady", [
        "CellNotReady: This cell needs 'plan', which a cell above did not make. That one ended with: Ben has", "it.", "Next: Wait."])
    assert isinstance(cells[-1][3], CellNotReady)
    assert not (hooks._folder.path / "evidence/internal-error.txt").exists()
