"""Bounds that parameters have in every notebook: refused at once and together, before anything is contacted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runbook_lib.contract import parse_contract, read_contract
from runbook_lib.contract.bounds import BOUNDS, bound_of, days_of, end_of, span_of
from runbook_lib.contract.catalogue import runbooks
from runbook_lib.core.errors import BadParameter

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
NAN = float("nan")


@pytest.mark.parametrize(("notebook", "wrong"), [
    ("34", {"try_now": "backup"}),
    ("40", {"deadline_s": 0.5, "log_minutes": 0}),
    ("40", {"deadline_s": 3601.0, "log_minutes": 1441}),
    ("41", {"window": "6", "until": "yesterday", "deadline_s": NAN}),
    ("41", {"window": "31d", "until": "2999-01-01"}),
    ("43", {"hours": 0.0, "until": "14:05", "maximum_mb": 0.0, "deadline_s": -1.0}),
    ("43", {"hours": 1e9, "maximum_mb": NAN}),
    ("60", {"load": 0.0, "limit": -1.0, "stages": 0, "stage_s": 1.0}),
    ("60", {"stages": 21, "stage_s": 601.0}),
    ("61", {"history": "13d", "until": "soon"}),
    ("61", {"history": "1y"}),
    ("62", {"deadline_s": 0.0}),
    ("31", {"older": "../x"}),
])
def test_what_lies_outside_is_refused_with_every_other_fault(notebook: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(BadParameter) as refused:
        read_contract(notebook).check(wrong)
    assert [line.partition(":")[0] for line in refused.value.what.splitlines()] == list(wrong)
    assert refused.value.exit_code == 2


def test_every_number_and_every_span_of_every_notebook_has_a_bound() -> None:
    """A parameter that comes to be has to say what it may hold."""
    free = {(one.name, parameter.name) for one in runbooks() for parameter in read_contract(one).parameters
            if parameter.kind.base in (int, float) and parameter.name not in (*BOUNDS, "watch_s")}
    assert free == set()


def test_every_default_of_every_notebook_is_within_its_bounds() -> None:
    found = [(parameter.name, parameter.default) for one in runbooks() for parameter in read_contract(one).parameters
             if parameter.name in BOUNDS]
    assert {name for name, _ in found} == set(BOUNDS)
    for name, default in found:
        assert BOUNDS[name](default) == default


def test_where_a_name_means_something_else_its_own_default_shows_it() -> None:
    assert bound_of("window", 5) is None and bound_of("hours", -1) is None and bound_of("other", 1) is None
    own = parse_contract("90_mine", 'window: str = "left"\nstages: int = 100\n')
    assert own.check({"window": "right", "stages": 300}) == {"window": "right", "stages": 300}


@pytest.mark.parametrize(("text", "length"), [("5m", timedelta(minutes=5)), ("30d", timedelta(days=30)), (" 6h ", timedelta(hours=6))])
def test_a_window_is_five_minutes_to_thirty_days(text: str, length: timedelta) -> None:
    assert span_of(text) == length


def test_a_history_is_two_weeks_to_three_years() -> None:
    assert [days_of(text) for text in ("14d", "1100d")] == [14, 1100]
    for text in ("13d", "1101d", "2w", ""):
        with pytest.raises(ValueError, match="should be from 14d to 1100d"):
            days_of(text)


def test_an_end_is_not_in_the_future() -> None:
    assert end_of("", NOW) is None and end_of("2026-11-28T12:00", NOW) == NOW
    with pytest.raises(ValueError, match="in the future"):
        end_of("2026-11-28T12:01", NOW)
