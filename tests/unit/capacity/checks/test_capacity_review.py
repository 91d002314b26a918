"""The history of a resource as days, its use now, and its words."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from runbook_lib.capacity.checks.capacity_review import Forecast, amount, daily_peaks, date_of
from runbook_lib.capacity.checks.limits import below_limits, limits_last, use_is_known
from runbook_lib.core.findings import Verdict
from runbook_lib.observability.facts.alert_drills import DrillTime
from runbook_lib.platform.facts.metric_ranges import Grid, Values
from tests.unit.capacity_doubles import NOW, review
from tests.unit.observability_doubles import staging


def test_a_day_counts_by_its_highest_hour_and_only_where_half_of_it_is_there() -> None:
    midnight = NOW.replace(hour=0)
    grid = Grid(midnight - timedelta(days=2, hours=6), midnight - timedelta(hours=1), 3600)
    values: list[float | None] = [9.0] * 6 + [1.0] * 23 + [5.0] + [2.0] * 12 + [None] * 12
    days, peaks = daily_peaks(Values(values), grid)
    assert peaks == (5.0, 2.0)  # six hours of the first day are left out
    assert days[1] - days[0] == 1


def test_a_growing_disk_has_its_date_and_a_flat_one_none() -> None:
    found = {one.name: one for one in review({"server_disk": lambda day: 40 + 0.5 * day, "server_memory": lambda day: 50.0}).resources}
    ahead = found["server_disk"].forecast(NOW)
    assert ahead is not None
    assert ahead.best == pytest.approx((85 - 70) / 0.5, abs=2)
    assert found["server_memory"].forecast(NOW) is None
    assert "no trend" in found["server_memory"].growth_words
    assert "held" in found["server_disk"].back_test_words


@pytest.mark.parametrize("days", [1, 2, 3])
def test_what_was_emptied_or_is_of_another_host_since_days_has_not_reached_its_limit(days: int) -> None:
    """Of 20 % used 61 said that the limit was reached: for a new line there were too few days, and the old one was beyond it."""
    grown = review({"server_disk": lambda day: 40 + 0.8 * day if day < 60 - days else 20.0})
    (disk,) = [one for one in grown.resources if one.name == "server_disk"]
    assert disk.grown.trend is not None and disk.grown.trend.level > 85, "so far the old line goes"
    assert disk.forecast(NOW) is None
    assert "its last days have left that line, far below" in disk.growth_words
    (row,) = [one for one in limits_last(staging(), grown) if one.check.startswith(disk.resource.title)]
    assert row.verdict is Verdict.PASSED


def test_a_resource_that_was_not_had_is_named_and_has_no_days() -> None:
    found = {one.name: one for one in review({}).resources}
    assert found["server_disk"].lacking is not None
    assert found["server_disk"].days == ()
    assert found["server_disk"].forecast(NOW) is None


def test_a_series_that_ended_is_not_known_whatever_it_was() -> None:
    found = review({"server_disk": lambda day: 40.0 if day < 50 else None}).resources
    lacking = next(one.lacking for one in found if one.name == "server_disk")
    assert lacking is not None
    assert lacking.reason.startswith("the last sample is of 2026-11-17 11:00 UTC: ")


def test_a_history_of_minutes_is_judged_now_and_foretold_nothing() -> None:
    found = next(one for one in review({"server_disk": lambda day: 80.0 if day > 59.9 else None}).resources if one.name == "server_disk")
    assert found.latest == 80.0
    assert found.share == pytest.approx(94.1, abs=0.1)
    assert found.grown.refusal == "0 days of history, at least 21 are needed"


def test_the_days_are_kept_as_csv() -> None:
    lines = review({"server_disk": lambda day: 40.0}).csv().splitlines()
    assert lines[0].startswith("day (UTC),server_cpu [%],server_memory [%],server_disk [%]")
    assert lines[1].startswith("2026-09-28,,,40,")
    assert len(lines) == 1 + 61  # of the first and of the last day one half is there


@pytest.mark.parametrize(("value", "unit", "words"), [
    (None, "%", "–"), (0.0, "%", "0 %"), (-0.00001, "%", "0 %"), (79.84, "%", "79.8 %"), (1234.0, "keys/h", "1,234 keys/h"),
    (3.5 * 1024**3, "bytes", "3.5 GB"), (512.0, "bytes", "512 bytes"), (-3.1 * 1024**2, "bytes", "-3.1 MB"),
])
def test_an_amount_has_its_unit(value: float | None, unit: str, words: str) -> None:
    assert amount(value, unit) == words


@pytest.mark.parametrize(("forecast", "words"), [
    (Forecast(43.2, 30.1, 70.7), "in 43 days (30 to 71)"), (Forecast(43.2, 30.1, math.inf), "in 43 days (30 to more than 10 years)"),
    (Forecast(0.0, 0.0, 0.0), "reached"), (Forecast(9e9, 8e9, math.inf), "in more than 10 years"),
])
def test_a_forecast_has_its_range(forecast: Forecast, words: str) -> None:
    assert forecast.words == words


def test_a_date_that_no_calendar_needs_is_none() -> None:
    assert date_of(NOW, 43) == "2027-01-09"
    assert date_of(NOW, math.inf) == date_of(NOW, 1e12) == "no date"


DRILL = DrillTime(NOW - timedelta(hours=5, minutes=10), NOW - timedelta(hours=5, minutes=4))


def test_what_an_alert_drill_filled_is_not_the_use_of_a_day() -> None:
    """A drill fills memory and disk on purpose: for a day the review called them full."""
    day_of_drill = (review({}).window.grid.end - timedelta(hours=5) - review({}).window.grid.begin) / timedelta(days=1)
    filled = {"server_disk": lambda day: 99.0 if abs(day - day_of_drill) < 0.001 else 40.0}

    def of(*drills: DrillTime) -> tuple[float | None, Verdict]:
        found = review(filled, drills=drills)
        disk = next(one for one in found.resources if one.name == "server_disk")
        verdict = next(one.verdict for one in below_limits(staging(), found) if one.check.startswith(disk.resource.title))
        return disk.latest, verdict

    assert of() == (99.0, Verdict.FAILED)
    assert of(DRILL) == (40.0, Verdict.PASSED)


def test_the_hours_of_drills_are_named_where_they_are_within_the_window() -> None:
    old = DrillTime(NOW - timedelta(days=400), NOW - timedelta(days=400))
    named = [one.measured for one in use_is_known(staging(), review({}, drills=(old, DRILL))) if "drills" in one.check]
    assert named == ["2026-11-27 06:50 to 06:56 UTC"]
    assert not [one for one in use_is_known(staging(), review({}, drills=(old,))) if "drills" in one.check]


def test_what_was_measured_during_a_drill_only_is_not_known() -> None:
    last_hour = DrillTime(NOW - timedelta(minutes=10), NOW - timedelta(minutes=4))
    new = {"server_disk": lambda day: 99.0 if day > 59.99 else None}
    disk = next(one for one in review(new, drills=(last_hour,)).resources if one.name == "server_disk")
    assert disk.lacking is not None
    assert disk.lacking.reason == "measured during an alert drill only, which ended 2026-11-27 11:56 UTC"
    assert disk.lacking.next_step == "Run this review again after 13:00 UTC."
