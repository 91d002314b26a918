"""What 41 and 43 have in common: the end of the window that is reviewed, and how long a reply may take."""

from __future__ import annotations

from datetime import datetime

from runbook_lib.contract.bounds import LONGEST_DEADLINE_S, end_of, within
from runbook_lib.core.errors import BadParameter


def parse_until(text: str, now: datetime) -> datetime | None:
    """The window's end in UTC; None where it is to be `now`. Raises BadParameter, also for one in the future."""
    try:
        return end_of(text, now)
    except ValueError as error:
        raise BadParameter(f"until: {error}", where="the parameter until",
                           next_step="Leave it empty for now; times are in UTC.") from error


def check_deadline(deadline_s: float, good_for: str) -> None:
    """Raises BadParameter for a deadline that is not between a second and an hour."""
    try:
        within(deadline_s, 1, LONGEST_DEADLINE_S)
    except ValueError as error:
        raise BadParameter(f"deadline_s: {error}", where="the parameter deadline_s",
                           next_step=f"Leave it out: the default is good for {good_for}.") from error
