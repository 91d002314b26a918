"""Points in time as Docker, Prometheus, nginx and our own files write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runbook_lib.core.times import clock, date_seconds, from_epoch, parse_stamp, parse_time

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", [
    "2026-11-22T12:00:00Z", "2026-11-22T12:00:00", "2026-11-22T13:00:00+01:00", "2026-11-22T12:00:00.000000000Z",
])
def test_every_spelling_of_a_moment_is_the_same_time_in_utc(text: str) -> None:
    assert parse_time(text) == NOON
    assert parse_time(text).tzinfo is UTC


def test_nanoseconds_are_cut_to_microseconds() -> None:
    assert parse_time("2026-11-22T16:49:19.338705123Z").microsecond == 338705


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_raises_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse_time(text)


@pytest.mark.parametrize(("text", "seconds"), [("1795348800.250000000\n", 1795348800.25), ("1795348800.%N\n", 1795348800.0), ("1795348800.", 1795348800.0)])
def test_a_date_that_knows_no_nanoseconds_is_a_time_all_the_same(text: str, seconds: float) -> None:
    """As BusyBox 1.35 prints it, and as it does with another C library."""
    assert date_seconds(text) == seconds


def test_seconds_since_1970_are_a_time_in_utc() -> None:
    assert from_epoch("1795348800") == NOON
    with pytest.raises(ValueError):
        from_epoch("soon")


@pytest.mark.parametrize(("text", "at"), [
    ("20261122_120000", NOON), ("20261322_120000", None), ("20261122", None), ("", None),
])
def test_a_stamp_in_a_name_is_a_time_or_nothing(text: str, at: datetime | None) -> None:
    assert parse_stamp(text) == at


def test_the_time_of_day_names_its_zone() -> None:
    assert clock(NOON) == "12:00:00 UTC"
