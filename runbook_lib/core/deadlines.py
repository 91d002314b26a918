"""Calls that are waited for no longer than so many seconds, whatever they do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def each_within(seconds: float, calls: Sequence[Callable[[], T]], late: Callable[[int], T]) -> list[T]:
    """What each call returned, in order, all made at once; `late` of its number for one that did not end in `seconds`.

    Raises the first error among them. Not a pool: that would wait for each of them at the end of the process. What is
    late ends by its own, longer limits, or with the connections when the run closes.
    """
    ended: list[tuple[T | None, BaseException | None] | None] = [None] * len(calls)

    def make(number: int) -> None:
        try:
            ended[number] = calls[number](), None
        except BaseException as error:  # raised again where they were asked
            ended[number] = None, error

    threads = [threading.Thread(target=make, args=(number,), name=f"within {seconds:g} s", daemon=True)
               for number in range(len(calls))]
    until = time.monotonic() + seconds
    for one in threads:
        one.start()
    for one in threads:
        one.join(max(0.0, until - time.monotonic()))
    seen = tuple(ended)  # what comes from now on is late
    if error := next((one[1] for one in seen if one and one[1]), None):
        raise error
    return [late(number) if one is None else one[0] for number, one in enumerate(seen)]  # type: ignore[misc]
