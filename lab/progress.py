"""The running steps, their progress and duration: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

HEARTBEAT_S = 15.0
BAR_WIDTH = 20


class Progress:
    """Counts steps towards `total`; steps may run concurrently. Use as a context manager."""

    def __init__(self, title: str, total: int, *, stream: TextIO | None = None) -> None:
        self.title = title
        self.total = total
        self.done = 0
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._began = self._printed = time.monotonic()
        self._running: dict[str, float] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()

    def __enter__(self) -> Progress:
        threading.Thread(target=self._beat, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        with self._lock:
            self._clear()

    @contextmanager
    def step(self, title: str, *, counts: bool = True) -> Iterator[None]:
        """One step: shown while it runs; a line with its duration when it ends, also when it fails."""
        began = time.monotonic()
        with self._lock:
            self._running[title] = began
            self._draw()
        try:
            yield
        except BaseException:
            self._end(title, began, "FAILED after")
            raise
        self.done += counts
        self._end(title, began, "")

    def say(self, text: str) -> None:
        """Print one line between the steps."""
        with self._lock:
            self._line(text)

    def _end(self, title: str, began: float, mark: str) -> None:
        with self._lock:
            self._running.pop(title, None)
            took = time.monotonic() - began
            self._line(f"[{self.done:2d}/{self.total}] {title}: {mark} {took:.1f} s".replace(":  ", ": "))
            self._draw()

    def _line(self, text: str) -> None:
        self._clear()
        print(f"{self.title} {time.monotonic() - self._began:6.1f} s  {text}", file=self._stream, flush=True)
        self._printed = time.monotonic()

    def _clear(self) -> None:
        if self._live:
            print("\r\033[K", end="", file=self._stream, flush=True)

    def _draw(self) -> None:
        if not self._live or not self._running:
            return
        full = BAR_WIDTH * self.done // max(self.total, 1)
        now = time.monotonic()
        what = ", ".join(f"{title} {now - began:.0f} s" for title, began in self._running.items())
        bar = "█" * full + "·" * (BAR_WIDTH - full)
        line = f"{self.title} {bar} {self.done}/{self.total}  {what}"[: shutil.get_terminal_size().columns - 1]
        print(f"\r\033[K{line}", end="", file=self._stream, flush=True)

    def _beat(self) -> None:
        while not self._over.wait(1.0):
            with self._lock:
                self._draw()
                now = time.monotonic()
                if not self._live and self._running and now - self._printed > HEARTBEAT_S:
                    for title, began in list(self._running.items()):
                        self._line(f"[{self.done:2d}/{self.total}] {title}: still running, {now - began:.0f} s")
