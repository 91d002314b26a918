"""Percentiles: a member of the values, by nearest rank."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook_lib.core.statistics import percentile


@pytest.mark.parametrize(("percent", "value"), [(50, 50), (95, 95), (99, 99), (100, 100), (0, 1)])
def test_percentile_of_a_known_list(percent: float, value: float) -> None:
    assert percentile(range(1, 101), percent) == value
    assert percentile(reversed(range(1, 101)), percent) == value


def test_one_value_is_every_percentile_and_nothing_has_none() -> None:
    assert percentile([3.0], 95) == 3.0
    assert percentile([], 95) is None


@given(st.lists(st.floats(0, 100), min_size=1), st.floats(1, 100))
def test_a_percentile_is_a_member_and_bounds_its_share(values: list[float], percent: float) -> None:
    found = percentile(values, percent)
    assert found in values
    share = sum(1 for value in values if value <= found) / len(values) * 100
    assert share >= percent or share == pytest.approx(percent)
