"""Programs that write numbered lines into a log until they are ended, each as one kind of real program does.

`python log_writers.py KIND LOG FIRST STEP PAUSE_S`: writes FIRST, FIRST + STEP, … and prints the number after its last one.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import WatchedFileHandler
from pathlib import Path
from subprocess import PIPE, Popen

PAUSE_S = 0.001
IDLE_S = 0.3  # of one that hardly ever writes: whole days pass between its lines


def main(kind: str, log: str, first: int, step: int, pause_s: float) -> None:
    ended, reopen = [], [True]
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    signal.signal(signal.SIGUSR1, lambda *_: reopen.append(True))
    watched = WatchedFileHandler(log) if kind in ("watched", "idle") else None
    descriptor, number = -1, first
    print("ready", flush=True)  # from here on a signal is heard
    while not ended:
        if watched is not None:
            watched.emit(logging.LogRecord("x", logging.INFO, "x", 1, f"line {number}", None, None))
        else:
            if reopen and (descriptor < 0 or kind == "signalled"):
                reopen.clear()
                old, descriptor = descriptor, os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
                if old >= 0:
                    os.close(old)
            os.write(descriptor, f"line {number}\n".encode())
        number += step
        time.sleep(IDLE_S if kind == "idle" else pause_s)
    print(number)


@contextmanager
def writing(kind: str, log: Path, first: int = 0, step: int = 1, pause_s: float = PAUSE_S) -> Iterator[Popen[str]]:
    """A program that writes; ended at the end, at the latest."""
    words = (sys.executable, __file__, kind, str(log), str(first), str(step), str(pause_s))
    with Popen(words, stdout=PIPE, text=True) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        try:
            yield writer
        finally:
            if writer.poll() is None:
                end(writer)


def end(writer: Popen[str]) -> int:
    """Ends a writer in peace, and returns the number that it would have written next."""
    writer.terminate()
    return int(writer.communicate(timeout=120)[0])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
