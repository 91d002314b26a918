"""What parameters may hold beyond their type, wherever a notebook has one of that name. Each check raises ValueError.

Families read the same values with the same functions: what is refused here is what they would refuse.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from runbook_lib.core.text import readable_number
from runbook_lib.core.times import parse_time

LONGEST_DEADLINE_S = 3_600.0  # of one question, or of one log
LONGEST_LOG_MINUTES = 1_440
SHORTEST_WINDOW, LONGEST_WINDOW = timedelta(minutes=5), timedelta(days=30)
SHORTEST_DAYS, LONGEST_DAYS = 14, 1_100  # of a history
MOST_STAGES, SHORTEST_STAGE_S, LONGEST_STAGE_S = 20, 2, 600  # of a load test
MOST_HOURS = 24 * 366 * 10.0  # no log is older
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def within(value: float, least: float, most: float) -> float:
    """The value, where it lies between the two. NaN does not: no comparison holds for it. Raises ValueError."""
    if not least <= value <= most:
        raise ValueError(f"should be from {readable_number(least, 6)} to {readable_number(most, 6)}, got {value:g}")
    return value


def above_zero(value: float) -> float:
    """The value, where it is more than nothing. Raises ValueError."""
    if not value > 0:
        raise ValueError(f"should be more than 0, got {value:g}")
    return value


def span_of(window: str) -> timedelta:
    """`90m`, `6h` or `7d` as a span between five minutes and thirty days. Raises ValueError."""
    found = re.fullmatch(r"([0-9]{1,6})([mhd])", window.strip())
    length = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else timedelta()
    if not SHORTEST_WINDOW <= length <= LONGEST_WINDOW:
        raise ValueError(f"should be from 5m to 30d, as in 90m, 6h or 7d; got {window[:40]!r}")
    return length


def days_of(history: str) -> int:
    """`90d` as a number of days. Raises ValueError."""
    found = re.fullmatch(r"([0-9]{1,6})d", history.strip())
    if found is None or not SHORTEST_DAYS <= int(found[1]) <= LONGEST_DAYS:
        raise ValueError(f"should be from {SHORTEST_DAYS}d to {LONGEST_DAYS}d, as in 90d; got {history[:40]!r}")
    return int(found[1])


def end_of(until: str, now: datetime) -> datetime | None:
    """The time in UTC; None for an empty text, which means `now`. Raises ValueError, also for one in the future."""
    if not until.strip():
        return None
    try:
        end = parse_time(until.strip())
    except ValueError as error:
        raise ValueError(f"should be a time in UTC such as 2026-11-27T14:05, or empty for now; got {until[:40]!r}"
                         ) from error
    if end > now:
        raise ValueError(f"{end:%Y-%m-%d %H:%M} UTC is in the future; it is {now:%Y-%m-%d %H:%M} UTC now")
    return end


def _kept(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The value as it was given, once the check has passed; nothing, where a parameter may be left out, passes."""
    def validate(value: Any) -> Any:
        if value is not None:
            check(value)
        return value

    return validate


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "deadline_s": lambda value: within(value, 1, LONGEST_DEADLINE_S),
    "log_minutes": lambda value: within(value, 1, LONGEST_LOG_MINUTES),
    "window": span_of, "history": days_of,
    "until": lambda value: end_of(value, datetime.now(UTC)),
    "hours": lambda value: within(above_zero(value), 0, MOST_HOURS),
    "maximum_mb": above_zero, "load": above_zero, "limit": above_zero,
    "stages": lambda value: within(value, 1, MOST_STAGES),
    "stage_s": lambda value: within(value, SHORTEST_STAGE_S, LONGEST_STAGE_S),
}
BOUNDS = {name: _kept(check) for name, check in _CHECKS.items()}


def bound_of(name: str, default: Any) -> Callable[[Any], Any] | None:
    """The check of a parameter of that name; None where there is none, or where the notebook's own `default` would not
    pass it: there the name means something else."""
    check = BOUNDS.get(name)
    try:
        if check is not None:
            check(default)
    except (ValueError, TypeError, AttributeError):
        return None
    return check
