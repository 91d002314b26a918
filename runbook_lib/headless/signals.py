"""SIGINT and SIGTERM to the runner: remembered, and passed on to the kernel by the loop that watches it."""

from __future__ import annotations

import signal
import threading
from typing import Any

GRACE_S = 90.0  # for stopping the running job and undoing, after the first signal
LAST_GRACE_S = 10.0  # for sealing, after SIGTERM


class Signals:
    """Context manager; outside the main thread, which alone has signals, it receives nothing."""

    def __init__(self) -> None:
        self._count = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Signals:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._count_signal)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def received(self) -> int:
        """How many signals came so far."""
        return self._count

    def _count_signal(self, number: int, frame: Any) -> None:
        self._count += 1
