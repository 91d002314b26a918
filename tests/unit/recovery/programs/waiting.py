"""Waiting for what a program in the background does."""

from __future__ import annotations

import time
from collections.abc import Callable


def within(holds: Callable[[], bool], seconds: float = 60) -> bool:
    give_up = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.05)
    return True
