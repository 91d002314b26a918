"""Stopping a run in three steps: as by Ctrl-C, then SIGTERM, then SIGKILL, with time between them."""

from __future__ import annotations

import signal
import time
from typing import Protocol

from runbook_lib.core.signals import stopped_by
from runbook_lib.headless.progress import Progress
from runbook_lib.headless.signals import LAST_GRACE_S

UNEXPECTED = "stopped after an internal error of the runner"


class Stoppable(Protocol):
    """What is stopped. `grace_s`: how long its undo may take at most, in seconds; 0 while there is none."""

    grace_s: float

    def signal(self, number: int, reason: str) -> None:
        """Send it a signal, and why."""


class Stops:
    """The time limit counts from now. `grace_s` is the least time between the first signal and the second; an undo that
    takes longer gets longer. `reason` is what the run is stopped by; empty until then.
    """

    def __init__(self, worker: Stoppable, shown: Progress, limit_s: float, grace_s: float) -> None:
        self._worker, self._shown, self._grace_s = worker, shown, grace_s
        self._limit_s, self._deadline = limit_s, time.monotonic() + limit_s
        self.reason = ""
        self._sent_at = 0.0
        self._next = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]

    @property
    def begun(self) -> bool:
        """Whether anything was sent yet."""
        return len(self._next) < 3

    def tick(self, received: int, *, unexpected: bool = False) -> None:
        """Send what is due: because the time limit is reached, or because `received`, a signal's number, asks to end.

        Asking again does not hurry: an undo that has begun comes to its end.
        """
        now = time.monotonic()
        over = now >= self._due()
        asked = (received or unexpected) and not self.begun
        if not self._next or not (over or asked):
            return
        number = self._next.pop(0)
        self.reason = self.reason or self._why(received, unexpected=unexpected)
        self._shown.stopping(number.name, self.reason)
        self._worker.signal(number, self.reason)
        self._sent_at = now

    def _why(self, received: int, *, unexpected: bool) -> str:
        if unexpected:
            return UNEXPECTED
        return stopped_by(received) if received else f"stopped by its time limit of {self._limit_s:g} s"

    def _due(self) -> float:
        """When the next signal is sent without being asked for."""
        if not self.begun:
            return self._deadline
        # the undo's own limit counts from the first signal, however late it becomes known
        return self._sent_at + (max(self._grace_s, self._worker.grace_s) if len(self._next) == 2 else LAST_GRACE_S)
