"""The run that this process holds open, and its end when the process ends first."""

from __future__ import annotations

import atexit
import signal
import threading
from typing import TYPE_CHECKING, Any

from runbook_lib.core.errors import Aborted

if TYPE_CHECKING:
    from runbook_lib.run.run import Run

_open: Run | None = None
_opened = False


def opened_before() -> bool:
    """Whether this process has opened a run already."""
    return _opened


def began(run: Run) -> None:
    """Remember the open run, and see that it is sealed when the process is told to end."""
    global _open, _opened
    if not _opened:
        atexit.register(close_previous, "The kernel ended before the notebook was closed.")
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _terminated)
    _open, _opened = run, True


def ended(run: Run) -> None:
    """Forget a run that is sealed."""
    global _open
    if _open is run:
        _open = None


def close_previous(why: str = "The notebook was opened again before it was closed.") -> None:
    """Seal the open run, if there is one, as aborted."""
    if _open is not None:
        _open.abort(Aborted(why, next_step="Run the notebook again, to its last cell."))


def _terminated(number: int, frame: Any) -> None:
    """SIGTERM: a cell at work gets its chance to stop and undo; then the process goes."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    from runbook_lib import kernel

    if kernel.is_busy():
        raise KeyboardInterrupt
    close_previous("The kernel was told to end (SIGTERM).")
    raise SystemExit(1)
