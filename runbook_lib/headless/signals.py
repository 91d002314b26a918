"""The signals that ask the runner to end: remembered, and passed on to the worker by the loop that watches it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from runbook_lib.core.signals import ENDING

GRACE_S = 90.0  # for stopping the running job and sealing, after the first signal; an undo may take longer, and says so
LAST_GRACE_S = 30.0  # for sealing, after SIGTERM


@contextmanager
def raised() -> Iterator[None]:
    """Inside, what asks this process to end raises KeyboardInterrupt as Ctrl-C does, so that its end is explained: the
    default of SIGTERM is an end in silence. Outside the main thread, which alone has signals, nothing is changed.
    """

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        # what is ignored stays ignored, as a hang-up under nohup
        asked = [number for number in ENDING if signal.getsignal(number) is signal.SIG_DFL]
        before = {number: signal.signal(number, interrupt) for number in asked}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Signals:
    """Context manager; outside the main thread, which alone has signals, it receives nothing.

    A hang-up that `nohup` made this process ignore stays ignored.
    """

    def __init__(self) -> None:
        self._first = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Signals:
        if threading.current_thread() is threading.main_thread():
            for number in ENDING:
                if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                    continue
                self._before[number] = signal.signal(number, self._keep_first)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def received(self) -> int:
        """The number of the first signal that came; 0 while none did."""
        return self._first

    def _keep_first(self, number: int, frame: Any) -> None:
        self._first = self._first or number
