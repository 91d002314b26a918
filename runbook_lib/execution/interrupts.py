"""Ctrl-C and its like while a plan is executed: received at any moment, acted on only where the truth can be kept."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from runbook_lib.core.signals import ENDING
from runbook_lib.kernel.stopping import note_signal


class Interrupts:
    """Holds back what asks to end, except inside `interruptible()`, where the first signal raises KeyboardInterrupt.

    A second one changes nothing: stopping the job and undoing come to their end. Outside the main thread, which
    alone has signals, nothing is held. `received` is the number of the first one; 0 while none came.
    """

    def __init__(self) -> None:
        self.received = 0
        self._open = False
        self._before: dict[int, Any] = {}
        self._raised = False

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in ENDING:
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        if self.received and not self._raised and kind is None:
            note_signal(self.received)
            raise KeyboardInterrupt

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Where an interrupt may come through; one that was received before does so at once."""
        self._open = True
        try:
            if self.received and not self._raised:
                self._raise()
            yield
        finally:
            self._open = False

    def _receive(self, number: int, frame: Any) -> None:
        self.received = self.received or number
        if self._open and not self._raised:
            self._raise()

    def _raise(self) -> None:
        self._raised = True
        note_signal(self.received)
        raise KeyboardInterrupt


@contextmanager
def defer_signals() -> Iterator[None]:
    """Work that must come to its end: requests to end are dropped during it, for there is nothing left to stop."""
    interrupts = Interrupts()
    with interrupts:
        try:
            yield
        finally:
            interrupts.received = 0
