"""Going on after a dropped link: pauses that double, up to a limit."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from runbook_lib.connections.jobs.frames import FollowedJob, StreamEnd
from runbook_lib.core.errors import HostUnreachable, LinkDropped

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 8.0

Result = TypeVar("Result")


def retry_while_unreachable(begin: Callable[[], Result], report: Callable[[str], None], limit_s: float) -> Result:
    """What `begin` returns. While the server is unreachable nothing has begun, so it is tried again; `report` gets
    a line each time.

    Raises HostUnreachable after `limit_s`, and every other error at once: then something may have begun.
    """
    give_up, pause = time.monotonic() + limit_s, FIRST_PAUSE_S
    while True:
        try:
            return begin()
        except HostUnreachable as error:
            if time.monotonic() + pause > give_up:
                raise
            report(retry_line(error, pause))
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_S)


def retry(followed: FollowedJob, deadline: float, limit_s: float, exchange: Callable[[], object]) -> bool:
    """Run `exchange` until it ends without a dropped link. False when the link stays away: the end is then `lost`.

    `exchange` must be safe to repeat. `deadline` is on the monotonic clock; `limit_s` is how long
    one drop may last.
    """
    lost_at: float | None = None
    pause = FIRST_PAUSE_S
    while True:
        before = dict(followed.offsets)
        try:
            exchange()
            return True
        except (LinkDropped, HostUnreachable) as error:
            now = time.monotonic()
            # a link that carried output before it dropped again counts as a new fault
            if lost_at is None or followed.offsets != before:
                lost_at, pause = now, FIRST_PAUSE_S
            if now - lost_at > limit_s or now > deadline:
                followed.end = StreamEnd.LOST
                return False
            if followed.on_output is not None:
                followed.on_output("link", retry_line(error, pause))
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)


def retry_line(error: LinkDropped | HostUnreachable, pause_s: float) -> str:
    """The line that a retry shows."""
    return f"{error.what} Trying again in {pause_s:g} s.\n"
