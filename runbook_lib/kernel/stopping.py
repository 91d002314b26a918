"""What has asked the run in this process to stop: in the runner's words where there is one, else by the signal."""

from __future__ import annotations

import signal

from runbook_lib.core.signals import stopped_by
from runbook_lib.kernel.assignment import assigned

_noted: int = signal.SIGINT


def note_signal(number: int) -> None:
    """Remember the signal that stops what this process does."""
    global _noted
    _noted = number


def stop_reason() -> str:
    """`stopped by its time limit of 60 s`, `stopped by a hang-up (SIGHUP): …`. Asked once something was stopped.

    The runner passes every request on as an interrupt, and says in its message what it was.
    """
    assignment = assigned()
    return (assignment.reason() if assignment is not None else "") or stopped_by(_noted)
