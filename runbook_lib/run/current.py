"""The run that this process holds open, and its end when the process ends first."""

from __future__ import annotations

import atexit
import signal
import threading
from typing import Any, Protocol

from runbook_lib import kernel
from runbook_lib.core.errors import Aborted
from runbook_lib.core.signals import ENDING, as_sentence, stopped_by
from runbook_lib.kernel.forks import in_every_child


class OpenRun(Protocol):
    """What this module needs of a run."""

    def abort(self, error: BaseException) -> None:
        """End the run as this error ends it; nothing when it is closed already."""


# SIGINT is the kernel's own: it interrupts a cell
_ASKED_TO_END = tuple(number for number in ENDING if number != signal.SIGINT)

NOT_CLOSED = "The kernel ended before the notebook was closed."

_open: OpenRun | None = None
_opened = False


def opened_before() -> bool:
    """Whether this process has opened a run already."""
    return _opened


def remember(run: OpenRun) -> None:
    """Hold the open run, and see that it is sealed when the process ends."""
    global _open, _opened
    if not _opened:
        atexit.register(close_previous, NOT_CLOSED)
        in_every_child(_leave_to_parent)
    _open, _opened = run, True


def await_signals() -> None:
    """See that the open run is sealed when the process is asked to end. Called once no other handler stands before."""
    if threading.current_thread() is threading.main_thread():
        for number in _ASKED_TO_END:
            if signal.getsignal(number) is not signal.SIG_IGN:  # under nohup a hang-up means nothing
                signal.signal(number, _terminated)


def forget(run: OpenRun) -> None:
    """Let a run go that is sealed."""
    global _open
    if _open is run:
        _open = None


def abort_open(error: BaseException) -> None:
    """End the open run, if there is one, as this error ends it."""
    if _open is not None:
        _open.abort(error)


def close_previous(why: str = "The notebook was opened again before it was closed.") -> None:
    """Seal the open run, if there is one, as aborted."""
    if _open is not None:
        _open.abort(Aborted(why, next_step="Run the notebook again, to its last cell."))


def _leave_to_parent() -> None:
    """In a forked child: the run is its parent's, and a request to end ends the child as it would any process."""
    global _open
    _open = None
    for number in _ASKED_TO_END:
        if signal.getsignal(number) is _terminated:
            signal.signal(number, signal.SIG_DFL)


def _terminated(number: int, frame: Any) -> None:
    """A cell in progress gets its chance to stop and undo; then the process ends."""
    for one in _ASKED_TO_END:
        signal.signal(one, signal.SIG_IGN)
    if kernel.is_busy():
        kernel.note_stop(number)
        raise KeyboardInterrupt
    close_previous(f"{as_sentence(stopped_by(number))} No cell was running.")
    raise SystemExit(1)
