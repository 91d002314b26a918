"""What 41 and 43 have in common: the end of the window that is reviewed, and how long a reply may take."""

from __future__ import annotations

from datetime import datetime

from runbook_lib.core.errors import BadParameter
from runbook_lib.core.times import parse_time


def parse_until(text: str, now: datetime) -> datetime | None:
    """The window's end in UTC; None where it is to be `now`. Raises BadParameter, also for one in the future."""
    if not text.strip():
        return None
    where, next_step = "the parameter until", "Leave it empty for now; times are in UTC."
    try:
        end = parse_time(text.strip())
    except ValueError as error:
        raise BadParameter(f"until: should be a time such as 2026-11-27T14:05, got {text[:40]!r}", where=where,
                           next_step=next_step) from error
    if end > now:
        raise BadParameter(f"until: {end:%Y-%m-%d %H:%M} UTC is in the future; it is {now:%Y-%m-%d %H:%M} UTC now",
                           where=where, next_step=next_step)
    return end


def check_deadline(deadline_s: float, longest_s: float, good_for: str) -> None:
    """Raises BadParameter for a deadline that is not between a second and `longest_s`."""
    if not 1 <= deadline_s <= longest_s:  # NaN too: no comparison holds for it
        raise BadParameter(f"deadline_s: should be between 1 and {longest_s:g}, got {deadline_s:g}",
                           where="the parameter deadline_s",
                           next_step=f"Leave it out: the default is good for {good_for}.")
