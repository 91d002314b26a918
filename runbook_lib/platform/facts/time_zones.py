"""Time zones by the abbreviations that programs write behind a time (`2026-11-27 21:00:00 CET`)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

_WINTER_AND_SUMMER = (1, 7)  # months
_NAMED_SINCE = timedelta(days=730)  # how long ago a line with a zone's name can be dated on the server
_NO_TWO_CHANGES = timedelta(days=14)  # of a zone's hours: Morocco's lie a month apart


@lru_cache(maxsize=1)
def zone_offsets() -> Mapping[str, int | None]:
    """Seconds east of UTC by abbreviation, for this year; None where zones of different hours share it (CST, IST).

    Source: this machine's time zone database, which PostgreSQL and others take their abbreviations from.
    """
    found: dict[str, set[int]] = defaultdict(set, {"UTC": {0}, "GMT": {0}})
    year = datetime.now(UTC).year
    for name in available_timezones():
        zone = ZoneInfo(name)
        for month in _WINTER_AND_SUMMER:
            at = datetime(year, month, 15, tzinfo=zone)
            abbreviation, offset = at.tzname() or "", at.utcoffset()
            # others are numbers, which are read as such
            if abbreviation.isalpha() and offset is not None:
                found[abbreviation].add(round(offset.total_seconds()))
    return {name: next(iter(offsets)) if len(offsets) == 1 else None for name, offsets in sorted(found.items())}


def any_zone() -> str:
    """A pattern for one of them, in the words of Python's and of Rust's regular expressions."""
    # the longer first: CEST before a zone that might begin like it
    return "(?:" + "|".join(re.escape(name) for name in sorted(zone_offsets(), key=lambda one: (-len(one), one))) + ")"


def zone_table() -> str:
    """A line each, `CET 3600`, for a program that reads lines of logs; `?` where it is not known."""
    return "".join(f"{name} {'?' if offset is None else offset}\n" for name, offset in zone_offsets().items())


@lru_cache(maxsize=1)
def named_zone_table() -> str:
    """A line for each zone with a name as `Europe/Berlin`, whose hours change within a year, for the same program.

    The name, the moment from which on it is known and the seconds east of UTC then; then each later change, as its
    moment and the seconds east from it on. Moments are seconds since 1970.
    """
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    names = sorted(available_timezones() - zone_offsets().keys())
    changes = ((name, _changes(ZoneInfo(name), end - _NAMED_SINCE, end)) for name in names)
    return "".join(f"{name} {' '.join(map(str, one))}\n" for name, one in changes)


def _changes(zone: ZoneInfo, begin: datetime, end: datetime) -> list[int]:
    found = [int(begin.timestamp()), _east(zone, begin)]
    at = begin
    while at < end:
        later = min(at + _NO_TWO_CHANGES, end)
        if _east(zone, later) != found[-1]:
            before, after = at, later
            while after - before > timedelta(seconds=1):
                middle = (before + (after - before) / 2).replace(microsecond=0)
                before, after = (middle, after) if _east(zone, middle) == found[-1] else (before, middle)
            found += [int(after.timestamp()), _east(zone, later)]
        at = later
    return found


def _east(zone: ZoneInfo, at: datetime) -> int:
    offset = at.astimezone(zone).utcoffset()
    return round(offset.total_seconds()) if offset is not None else 0
