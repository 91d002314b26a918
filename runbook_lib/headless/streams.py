"""Standard output and error of a worker: whatever writes there, Python or not, arrives as one stream message.

The file descriptor itself is a pipe that this process reads. So the output of child processes and of C libraries is
redacted and recorded like a print, and nothing of it can reach the runner's channel or a terminal.
"""

from __future__ import annotations

import codecs
import fcntl
import io
import os
import sys
import termios
import threading
import time
from collections.abc import Callable
from typing import Any

SEND_AT = 8192  # characters that wait for a flush, so that a loop of prints is not a loop of messages
READ_BYTES = 65536
BREATH_S = 0.001  # between two reads: whoever waits to write or flush gets the lock

Send = Callable[[str, str], None]  # name of the stream, text


class CellStream(io.TextIOBase):
    """Takes the place of sys.stdout or sys.stderr, and of their file descriptor."""

    def __init__(self, name: str, descriptor: int, send: Send) -> None:
        self.name = name
        self._descriptor, self._send = descriptor, send
        self._owner = os.getpid()
        self._pending: list[str] = []
        self._size = 0
        self._mutex, self._reading = threading.RLock(), threading.RLock()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._ended = False
        self._pipe, write_end = os.pipe()
        os.dup2(write_end, descriptor)
        os.close(write_end)
        os.set_blocking(self._pipe, False)
        threading.Thread(target=self._watch, name=f"{name}-reader", daemon=True).start()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """What is written as bytes is taken for UTF-8."""
        return "utf-8"

    @property
    def buffer(self) -> Any:
        """For code that writes bytes: the pipe itself."""
        return io.FileIO(self._descriptor, "w", closefd=False)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if os.getpid() != self._owner:  # a forked child: its parent reads the pipe
            os.write(self._descriptor, text.encode("utf-8", "replace"))
            return len(text)
        self._drain()  # what a child has written before comes before
        self._take(text)
        return len(text)

    def _take(self, text: str) -> None:
        with self._mutex:
            self._pending.append(text)
            self._size += len(text)
            if self._size >= SEND_AT:
                self._pass_on()

    def flush(self) -> None:
        """Send what was written so far, by child processes too."""
        if os.getpid() != self._owner:
            return
        self._drain()
        with self._mutex:
            self._pass_on()

    def _pass_on(self) -> None:
        text, self._pending, self._size = "".join(self._pending), [], 0
        if text:
            self._send(self.name, text)

    def _watch(self) -> None:
        from select import poll

        waiting = poll()
        waiting.register(self._pipe)
        while not self._ended:
            waiting.poll()
            if self._drain() > 0:  # a full pipe holds less than its size where the pieces do not fill its pages
                time.sleep(BREATH_S)

    def _drain(self) -> int:
        """Take in what the pipe holds now, and no more: a child that prints without end, and has perhaps been left
        behind by an earlier cell, must keep neither a print nor a cell from ending. Returns the number of bytes."""
        with self._reading:
            wanted = read = max(self._held_bytes(), 1)
            while wanted > 0:
                try:
                    raw = os.read(self._pipe, min(wanted, READ_BYTES))
                except BlockingIOError:
                    return read - wanted
                if not raw:  # a cell has closed the descriptor
                    self._ended = True
                    return read - wanted
                wanted -= len(raw)
                self._take(self._decoder.decode(raw))
            return read

    def _held_bytes(self) -> int:
        return int.from_bytes(fcntl.ioctl(self._pipe, termios.FIONREAD, b"\0" * 4), sys.byteorder)
