"""A child process that a cell forks (os.fork, multiprocessing): it has the cell's names, and no part in the run.

A run belongs to the process that opened it. When the cell's code is over, the child ends as a program does at its
last line: it never reaches the next cell. What it prints goes through the pipe that the parent reads, and is redacted
and recorded there.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import NoReturn

from runbook_lib.core.errors import Refused, RunbookError
from runbook_lib.core.signals import ENDING

INTERRUPTED = 130  # exit code of a program that Ctrl-C has ended, as shells count

_leavers: list[Callable[[], None]] = []
_held = threading.local()


def in_every_child(leave: Callable[[], None]) -> None:
    """Call `leave` first of all in every child process that is forked from now on."""
    if not _leavers:
        os.register_at_fork(before=_hold_signals, after_in_parent=_release_signals, after_in_child=_leave)
    _leavers.append(leave)


def _hold_signals() -> None:
    # Python forgets what it received for a child between the fork and the child's first line: multiprocessing's
    # terminate() would be lost. Held back, it waits until the child has handlers of its own.
    _held.before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)


def _release_signals() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _held.before)


def _leave() -> None:
    try:
        try:
            for leave in _leavers:
                leave()
        finally:
            _release_signals()
    except KeyboardInterrupt:  # what a hook raises here is dropped, and the child would go on
        os._exit(INTERRUPTED)


def print_through_pipe() -> None:
    """Let this child print to its file descriptors: the streams of its parent wait for threads that only it has."""
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(io.FileIO(number, "w", closefd=False), "utf-8", "replace", line_buffering=True)
        for number in (1, 2)
    )


def end_child(error: BaseException | None) -> NoReturn:
    """End this child as Python ends a program: 0, the code of sys.exit(), 130 after Ctrl-C, or 1 with the traceback."""
    code = _exit_code(error)
    for stream in (sys.stdout, sys.stderr):
        try:
            if error is not None and stream is sys.stderr and not isinstance(error, SystemExit):
                _report(error)
            stream.flush()
        except (OSError, ValueError, AttributeError):  # the cell has closed or replaced it
            continue
    os._exit(code)


def _report(error: BaseException) -> None:
    if isinstance(error, RunbookError):  # it says what to do next; a traceback means a bug
        print(error, file=sys.stderr)
    else:
        traceback.print_exception(error)


def refuse_in_child(owner: int, what: str) -> None:
    """Raises Refused in any other process than that with the id `owner`."""
    if os.getpid() != owner:
        raise Refused(f"A child process cannot {what}: a run belongs to the process that opened it.",
                      where=f"process {os.getpid()}, child of {owner}",
                      next_step="Return values from the child process, and use them in the cell itself.")


def _exit_code(error: BaseException | None) -> int:
    if error is None:
        return 0
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, SystemExit):
        return error.code & 0xFF if isinstance(error.code, int) else int(error.code is not None)
    return 1
