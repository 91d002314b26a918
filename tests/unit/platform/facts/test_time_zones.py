"""Abbreviations of time zones: known, or shared by several, and never guessed."""

from __future__ import annotations

import re

import pytest

from runbook_lib.platform.facts.time_zones import any_zone, zone_offsets, zone_table


@pytest.mark.parametrize(("name", "hours"), [
    ("UTC", 0), ("GMT", 0), ("CET", 1), ("CEST", 2), ("EET", 2), ("EEST", 3), ("MSK", 3), ("JST", 9), ("EST", -5), ("EDT", -4), ("AEST", 10),
])
def test_a_zone_that_is_the_only_one_of_its_name_has_its_hours(name: str, hours: int) -> None:
    assert zone_offsets()[name] == hours * 3600


@pytest.mark.parametrize("name", ["CST", "IST", "PST"])
def test_a_name_that_zones_of_different_hours_share_is_not_known(name: str) -> None:
    assert zone_offsets()[name] is None
    assert f"{name} ?" in zone_table().splitlines()


def test_words_of_logs_are_no_time_zones() -> None:
    assert not set(zone_offsets()) & {"LOG", "INFO", "WARN", "ERROR", "DEBUG", "FATAL", "PANIC", "HINT", "TRACE", "CRIT", "ERR"}


def test_the_longer_name_is_found_first() -> None:
    found = re.match(any_zone(), "CEST")
    assert found is not None and found.group() == "CEST"
    assert "CET 3600" in zone_table().splitlines()
