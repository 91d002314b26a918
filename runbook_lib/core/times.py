"""Points in time as other programs write them. Every result is aware and in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime

STAMP_FORMAT = "%Y%m%d_%H%M%S"  # in names of backups and databases


def parse_time(text: str) -> datetime:
    """An ISO 8601 time; nanoseconds are cut, a time without a zone is in UTC. Raises ValueError."""
    # fromisoformat takes six digits at most; Docker and Prometheus write nine
    at = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    if at.tzinfo is None:
        return at.replace(tzinfo=UTC)
    try:
        return at.astimezone(UTC)
    except OverflowError as error:  # the first or last day of the calendar, in another zone
        raise ValueError(f"{text!r} is not a time in UTC") from error


def from_epoch(seconds: str | int) -> datetime:
    """Whole seconds since 1970, as a number or its text. Raises ValueError."""
    return from_timestamp(int(seconds))


def from_timestamp(seconds: str | float) -> datetime:
    """Seconds since 1970, as a number or its text. Raises ValueError, also for a time that no calendar has."""
    try:
        return datetime.fromtimestamp(float(seconds), UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"{str(seconds)[:40]} s since 1970 is not a time of this calendar") from error


def date_seconds(text: str) -> float:
    """Seconds since 1970 as `date +%s.%N` prints them; whole ones where it knows no nanoseconds. Raises ValueError.

    BusyBox prints `%N` as it stands, or nothing for it.
    """
    return float(re.sub(r"\.(%N)?$", "", text.strip()))


def parse_stamp(text: str) -> datetime | None:
    """The time of a stamp such as 20251015_020000; None where no such day or hour exists."""
    try:
        return datetime.strptime(text, STAMP_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


def clock(at: datetime) -> str:
    """The time of day for people: `16:05:01 UTC`."""
    return f"{at.astimezone(UTC):%H:%M:%S} UTC"
