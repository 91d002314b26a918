"""Synthetic histories of known truth: the range holds it, what is flat raises no alarm, and a jump is not growth."""

from __future__ import annotations

import math
from typing import Any

import numpy
import pytest

from runbook_lib.capacity.checks.trends import Growth, Trend, growth

LIMIT, SLOPE, LEVEL = 85.0, 0.05, 40.0
SERIES, MINIMUM = 200, 21


def days_of(seed: int, days: int, *, slope: float = 0.0, alike: float = 0.4, wild: float = 0.02,
            gaps: float = 0.05) -> tuple[Any, Any]:
    """A line with noise that remembers, weekends, a few wild days and a few that are missing."""
    chance = numpy.random.default_rng(seed)
    new = chance.normal(0, math.sqrt(1 - alike**2), days + 50)
    for day in range(1, len(new)):
        new[day] += alike * new[day - 1]
    x = numpy.arange(days, dtype=float)
    weekend = numpy.where(x % 7 < 5, 0.6, -1.5)  # its mean over a week is zero
    y = LEVEL + slope * x + new[50:] + weekend
    y = numpy.where(chance.random(days) < wild, y + chance.normal(0, 8, days), y)
    kept = chance.random(days) > gaps
    return x[kept], y[kept]


def grown(x: Any, y: Any) -> Growth:
    return growth(x.tolist(), y.tolist(), MINIMUM)


def trend_of(x: Any, y: Any) -> Trend:
    found = grown(x, y).trend
    assert found is not None
    return found


@pytest.fixture(scope="module")
def years() -> list[tuple[float, Growth]]:
    """The last day and the growth of 200 years that rise by the same slope."""
    series = (days_of(seed, 365, slope=SLOPE) for seed in range(SERIES))
    return [(float(x[-1]), grown(x, y)) for x, y in series]


def test_nine_times_in_ten_the_range_holds_the_slope(years: list[tuple[float, Growth]]) -> None:
    held = sum(low <= SLOPE <= high for low, high in (found.trend.slope_range for _, found in years if found.trend))
    assert 0.85 <= held / SERIES <= 0.95


def test_nine_times_in_ten_the_range_holds_the_day_of_the_limit(years: list[tuple[float, Growth]]) -> None:
    held = 0
    for last, found in years:
        assert found.trend is not None
        best, earliest, latest = found.trend.days_until(LIMIT)
        held += earliest <= (LIMIT - LEVEL) / SLOPE - last <= latest
        assert earliest <= best <= latest
    assert 0.85 <= held / SERIES <= 0.95


def test_a_steady_growth_passes_its_back_test(years: list[tuple[float, Growth]]) -> None:
    tests = [found.back_test for _, found in years]
    assert all(test is not None for test in tests)
    assert sum(test.held for test in tests if test) >= 0.95 * SERIES
    assert all(found.trend and found.trend.is_certain for _, found in years)


@pytest.mark.parametrize("days", [365, 60])
def test_no_flat_series_is_an_alarm(days: int) -> None:
    found = [grown(*days_of(1000 + seed, days)) for seed in range(SERIES)]
    trends = [one.trend for one in found if one.trend]
    assert not [one for one in trends if one.is_certain and one.days_until(LIMIT)[0] <= 365]
    assert sum(one.is_certain for one in trends) <= 0.05 * SERIES
    assert len(trends) >= 0.9 * SERIES


@pytest.mark.parametrize("seed", range(5))
def test_a_jump_to_another_level_is_not_growth(seed: int) -> None:
    x, y = days_of(seed, 365)
    found = trend_of(x, numpy.where(x > 250, y + 15, y))
    assert found.jumped
    assert found.first > 240
    assert found.days_until(LIMIT)[0] > 365 or not found.is_certain


@pytest.mark.parametrize("seed", range(5))
def test_a_jump_a_few_days_ago_is_a_refusal(seed: int) -> None:
    x, y = days_of(seed, 90)
    found = grown(x, numpy.where(x > 80, y + 15, y))
    assert found.trend is None
    assert "left its course" in found.refusal


@pytest.mark.parametrize("seed", range(5))
def test_after_a_great_deletion_only_the_days_since_count(seed: int) -> None:
    x, y = days_of(seed, 365)
    found = trend_of(x, numpy.where(x > 324, y - 20 + 0.3 * (x - 324), y + 0.1 * x))
    assert found.jumped
    assert found.first > 320
    assert 100 < found.days_until(LIMIT)[0] < 350  # on the old line it would be days


@pytest.mark.parametrize("seed", range(5))
def test_a_burst_of_a_week_is_neither_a_trend_nor_ignored(seed: int) -> None:
    x, y = days_of(seed, 365, gaps=0.0)
    found = grown(x, y + numpy.where(x > 357, 5 * (x - 357), 0.0))
    assert found.trend is None
    assert found.refusal.startswith("it left its course ")


def test_one_wild_last_day_changes_nothing() -> None:
    x, y = days_of(8, 365, slope=SLOPE)
    before, after = trend_of(x, y), trend_of(x, numpy.where(x == x[-1], y + 40, y))
    assert after.jumped is False
    assert after.slope == pytest.approx(before.slope, rel=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_a_sawtooth_is_not_growth(seed: int) -> None:
    x, y = days_of(seed, 365)
    assert not trend_of(x, y + (x % 30) * 0.8).is_certain


@pytest.mark.parametrize("seed", range(5))
def test_growth_that_became_faster_counts_from_where_it_did(seed: int) -> None:
    x, y = days_of(seed, 365)
    found = trend_of(x, y + numpy.where(x > 220, (x - 220) * 0.2, 0.0))
    assert found.is_certain
    assert 60 < found.days_until(LIMIT)[0] < 120  # at the first half's pace it would be years


@pytest.mark.parametrize("days", [1, 5, 20])
def test_too_short_a_history_is_refused(days: int) -> None:
    found = grown(*days_of(3, days, slope=1.0, gaps=0.0))
    assert (found.trend, found.back_test) == (None, None)
    assert found.refusal == f"{days} days of history, at least 21 are needed"


def test_no_history_and_one_with_great_gaps_are_refused() -> None:
    assert growth([], [], MINIMUM).trend is None
    assert growth([0.5, 100.5, 200.5], [1.0, 2.0, 3.0], MINIMUM).trend is None


def test_what_never_changes_has_no_trend_and_no_date() -> None:
    found = trend_of(numpy.arange(60.0), numpy.full(60, 7.0))
    assert (found.slope, found.is_certain) == (0.0, False)
    assert found.days_until(LIMIT)[0] == math.inf


def test_an_exact_line_has_its_exact_date() -> None:
    x = numpy.arange(60.0)
    best, earliest, latest = trend_of(x, 20 + 0.5 * x).days_until(LIMIT)
    assert best == pytest.approx((LIMIT - 20) / 0.5 - 59)
    assert [earliest, latest] == pytest.approx([best, best])


def test_above_the_limit_no_day_is_left() -> None:
    x = numpy.arange(60.0)
    assert trend_of(x, 90 + 0.01 * x).days_until(LIMIT) == (0.0, 0.0, 0.0)


def test_the_same_history_gives_the_same_answer() -> None:
    assert grown(*days_of(5, 90, slope=0.1)) == grown(*days_of(5, 90, slope=0.1))


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e12])
def test_the_unit_makes_no_difference(scale: float) -> None:
    x, y = days_of(6, 90, slope=0.1)
    plain, scaled = trend_of(x, y), trend_of(x, y * scale)
    assert scaled.slope == pytest.approx(plain.slope * scale, rel=1e-6)
    assert scaled.days_until(LIMIT * scale) == pytest.approx(plain.days_until(LIMIT), rel=1e-6)
    assert scaled.is_certain == plain.is_certain


@pytest.mark.parametrize("runs", [lambda day: day % 3 == 0, lambda day: day % 7 < 3, lambda day: day < 7 or day % 7 < 3],
                         ids=["each third day", "three days a week", "one whole week"])
def test_a_server_that_runs_on_some_days_has_a_trend_too(runs: Any) -> None:
    x, y = days_of(4, 500, slope=SLOPE, gaps=0.0)
    kept = numpy.array([bool(runs(day)) for day in x])
    assert trend_of(x[kept], y[kept]).slope == pytest.approx(SLOPE, rel=0.2)


@pytest.mark.parametrize("value", [1e300, -1e300])
def test_what_cannot_be_an_amount_is_refused(value: float) -> None:
    found = growth([float(day) for day in range(60)], [1.0] * 59 + [value], MINIMUM)
    assert found.trend is None
    assert "cannot be an amount" in found.refusal
