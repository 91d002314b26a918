"""Changes of level, on series whose truth is known: named when they are there, and where; never for noise or a spike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy
import pytest

from runbook_lib.observability.checks.level_shifts import LevelShift, level_shifts
from runbook_lib.platform.facts.metric_ranges import Grid

BEGIN = datetime(2026, 11, 27, tzinfo=UTC)
Random = numpy.random.Generator
SERIES = 200


def grid(length: int, step_s: int = 60) -> Grid:
    return Grid(BEGIN, BEGIN + timedelta(seconds=step_s * (length - 1)), step_s)


def shifts(values: Any, minimum: float = 1.0) -> tuple[LevelShift, ...]:
    return level_shifts([None if one is None else float(one) for one in values], grid(len(values)), minimum)


def following(random: Random, length: int) -> Any:
    """Noise in which each value follows the previous one, as a rate over a minute does."""
    values = random.normal(size=length)
    for place in range(1, length):
        values[place] += 0.7 * values[place - 1]
    return values


FLAT: dict[str, Callable[[Random, int], Any]] = {
    "independent": lambda random, length: random.normal(size=length),
    "following": following,
    "heavy tails": lambda random, length: random.standard_t(2, size=length),
    "whole numbers": lambda random, length: random.poisson(0.3, size=length),
    "skewed": lambda random, length: random.exponential(size=length),
}


@pytest.mark.parametrize(("kind", "length"), [*((kind, 360) for kind in FLAT), ("independent", 60), ("whole numbers", 60)])
def test_flat_noise_is_hardly_ever_called_a_change(kind: str, length: int) -> None:
    made = (FLAT[kind](numpy.random.default_rng(seed), length) for seed in range(SERIES))
    assert sum(bool(shifts(values, 0.1 if kind != "whole numbers" else 1)) for values in made) <= SERIES * 0.05


@pytest.mark.parametrize("size", [5.0, -5.0])
@pytest.mark.parametrize("length", [60, 360])
def test_a_step_of_five_sigma_is_found_within_two_steps_time(length: int, size: float) -> None:
    found = 0
    for seed in range(SERIES):
        random = numpy.random.default_rng(seed)
        values, place = random.normal(size=length), int(random.integers(8, length - 8))
        values[place:] += size
        near = [one for one in shifts(values) if abs((one.at - grid(length).at(place)).total_seconds()) <= 120]
        found += bool(near) and (near[0].size > 0) == (size > 0)
    assert found >= SERIES * 0.95


@pytest.mark.parametrize("place", [0, 1, 100, 199])
@pytest.mark.parametrize("width", [1, 2, 3])
def test_a_spike_makes_no_level(place: int, width: int) -> None:
    values = numpy.random.default_rng(place).normal(size=200)
    values[place:place + width] += 80
    assert shifts(values) == ()


@pytest.mark.parametrize("values", [[5.0] * 500, [0.0] * 500, [], [1.0], [None] * 300, [3.0] * 9])
def test_what_does_not_change_or_is_too_short_has_no_change(values: list[float | None]) -> None:
    assert shifts(values) == ()


def test_levels_time_and_size_are_those_of_the_series() -> None:
    (found,) = shifts([0.21] * 100 + [0.84] * 100, minimum=0.05)
    assert (found.before, found.after, found.gradual) == (0.21, 0.84, False)
    assert found.at == BEGIN + timedelta(minutes=100)
    assert found.last_before == BEGIN + timedelta(minutes=99)
    assert found.size == pytest.approx(0.63)


def test_what_is_smaller_than_worth_naming_is_not_named() -> None:
    assert shifts([0.21] * 100 + [0.25] * 100, minimum=0.05) == ()


def test_up_and_down_again_are_two_changes() -> None:
    values = numpy.random.default_rng(4).normal(size=300)
    values[100:150] += 8
    assert [one.size > 0 for one in shifts(values)] == [True, False]


def test_a_gap_is_left_out_and_the_change_lies_in_it() -> None:
    (found,) = shifts([1.0] * 60 + [None] * 90 + [9.0] * 60)
    assert found.last_before == BEGIN + timedelta(minutes=59)
    assert found.at == BEGIN + timedelta(minutes=150)


def test_a_gap_between_equal_levels_makes_no_change() -> None:
    noise = list(numpy.random.default_rng(1).normal(size=120))
    assert shifts([*noise[:60], *[None] * 90, *noise[60:]]) == ()


def test_a_slope_is_gradual_and_not_a_staircase() -> None:
    found = shifts(numpy.linspace(0, 20, 360) + numpy.random.default_rng(2).normal(size=360) * 0.5)
    assert found
    assert all(one.gradual for one in found)
    assert len(found) == 1


def test_a_month_of_points_is_joined_and_the_jump_still_found_at_its_own_point() -> None:
    values = numpy.random.default_rng(3).normal(size=9000)
    values[4321:] += 5
    (found,) = shifts(values)
    assert abs((found.at - grid(9000).at(4321)).total_seconds()) <= 120


def test_a_counter_that_was_reset_for_a_moment_makes_no_level() -> None:
    values = numpy.random.default_rng(5).normal(size=200) + 50
    values[120] = 0
    assert shifts(values) == ()
