"""Partial tables are added up to what one whole table would hold, and stay small."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from runbook_lib.observability.facts.log_tables import BINS, KEPT_TABLES, Sums, Window
from tests.unit.observability.log_doubles import SINCE, UNTIL, at


def test_sums_of_many_parts_are_those_of_the_whole() -> None:
    sums = Sums(("key",), {"count": "sum", "first": "min"}, 10)
    for number in range(5 * KEPT_TABLES):
        sums.add(pl.DataFrame({"key": ["a", f"k{number % 3}"], "count": [1, 2], "first": [number, number]}))
    total = {row["key"]: row["count"] for row in sums.total().to_dicts()}
    assert total == {"a": 60, "k0": 40, "k1": 40, "k2": 40}
    assert min(sums.total()["first"]) == 0
    assert Sums(("key",), {"count": "sum"}, 10).total().height == 0


def test_the_rarest_of_too_many_keys_become_one_and_none_is_lost() -> None:
    sums = Sums(("key", "bin"), {"count": "sum"}, 2)
    sums.add(pl.DataFrame({"key": ["a", "a", "b", "c", "d"], "bin": [1, 2, 1, 1, 2], "count": [5, 5, 7, 1, 2]}))
    assert {(row["key"], row["bin"]): row["count"] for row in sums.total().to_dicts()} == {
        ("a", 1): 5, ("a", 2): 5, ("b", 1): 7, ("(others)", 1): 1, ("(others)", 2): 2}


def test_a_line_has_the_bin_of_its_time_and_is_older_or_not() -> None:
    window = Window(SINCE, UNTIL, at(720))
    frame = pl.DataFrame({"at": [moment.replace(tzinfo=None) for moment in (at(-1), at(0), at(719), at(720), at(1440), at(1441))]})
    assert window.of(frame).select("bin", "older").rows() == [(0, True), (29, True), (30, False), (BINS - 1, False)]


def test_a_short_window_has_bins_of_a_second() -> None:
    window = Window(SINCE, SINCE + timedelta(seconds=5), None)
    assert window.bin == timedelta(seconds=1)
    assert window.of(pl.DataFrame({"at": [SINCE.replace(tzinfo=None)]}))["older"].to_list() == [False]
