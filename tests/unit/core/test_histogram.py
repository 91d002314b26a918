"""Percentiles of a histogram are those of the values, within its precision; histograms add up."""

from __future__ import annotations

import random

import pytest

from runbook_lib.core.histogram import GROWTH, MOST, Histogram, histogram_of, merged
from runbook_lib.core.statistics import percentile


def of(*seconds: float) -> Histogram:
    made = Histogram()
    for one in seconds:
        made.add(one)
    return made


@pytest.mark.parametrize("percent", [50, 95, 99, 100])
def test_a_percentile_is_that_of_the_values_within_two_percent(percent: float) -> None:
    values = [random.Random(7).lognormvariate(-2, 1.5) for _ in range(5_000)]
    exact, found = percentile(values, percent), of(*values).percentile(percent)
    assert exact is not None
    assert found is not None
    assert exact <= found <= exact * GROWTH * 1.0001


def test_nothing_has_no_percentile() -> None:
    assert (Histogram().percentile(95), Histogram().total) == (None, 0)


def test_several_add_up_to_one_of_all_values() -> None:
    low, high = of(*[0.01] * 95), of(*[1.0] * 5)
    assert merged((low, high)) == of(*[0.01] * 95, *[1.0] * 5)


def test_any_time_fits_into_a_bounded_number_of_counters() -> None:
    made = of(0.0, -1.0, 1e-9, 1e9, 600.0)
    assert made.total == 5
    assert set(made.counts) <= set(range(MOST + 1))


def test_it_comes_back_from_a_file() -> None:
    made = of(0.02, 0.5, 0.5)
    assert histogram_of(made.to_json()) == made


@pytest.mark.parametrize("wrong", [{"x": 1}, {"-1": 1}, {"99999": 1}, {"1": -1}, {"1": True}, {"1": 1.5}])
def test_what_is_no_histogram_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        histogram_of(wrong)
