"""Calls that are waited for no longer than so many seconds."""

from __future__ import annotations

import threading
import time

import pytest

from runbook_lib.core.deadlines import each_within


def test_one_that_hangs_costs_its_own_result_and_no_more_than_the_time_that_all_have() -> None:
    released, began = threading.Event(), time.monotonic()
    calls = [lambda number=number: number if number % 2 else released.wait(600) for number in range(40)]
    found = each_within(0.2, calls, lambda number: -number)
    assert found == [number if number % 2 else -number for number in range(40)]
    assert time.monotonic() - began < 20, "one after the other they would have taken eight seconds, or ten minutes each"
    released.set()


def test_what_none_returns_is_none_and_not_late() -> None:
    assert each_within(60, (lambda: None,), lambda _: 1) == [None]
    assert each_within(60, (), lambda _: 1) == []


def test_an_error_is_raised_where_the_calls_were_made() -> None:
    with pytest.raises(ZeroDivisionError):
        each_within(60, (lambda: 1.0, lambda: 1 / 0), lambda _: 0.0)


def test_what_is_late_keeps_no_process_from_its_end() -> None:
    released = threading.Event()
    each_within(0.01, (released.wait,), lambda _: False)
    assert all(one.daemon for one in threading.enumerate() if one.name.startswith("within"))
    released.set()
