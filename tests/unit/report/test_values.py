"""Any value as a table or as text."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from runbook_lib.report.values import Table, shape


@dataclass
class Disk:
    path: str
    free_bytes: int
    wait_s: float


def test_units_come_from_names():
    assert shape(Disk("/", 3 * 2**30, 0.25)) == Table(
        ("", "value"), (("path", "/"), ("free", "3 GiB"), ("wait", "0.2 s")))


def test_long_tables_say_how_much_is_left_out():
    assert shape([{"n": n} for n in range(1000)]).left_out == 800


def test_moments_in_values_are_read_by_people():
    assert shape({"at": "2026-11-22T17:03:49+00:00"}) == Table(("", "value"), (("at", "22 Nov 2026, 17:03:49 UTC"),))
    assert shape({"name": "2026-11-22T17:03:49 was late"}).rows[0][1] == "2026-11-22T17:03:49 was late"


def test_figures_are_read_digit_below_digit():
    shaped = shape([{"table": "a", "rows": 3000, "size_bytes": 5, "at": None}, {"table": "b", "rows": 50_030, "at": None}])
    assert isinstance(shaped, Table)
    assert shaped.columns == ("table", "rows", "size", "at")
    assert shaped.rows == (("a", "3,000", "5 B", "–"), ("b", "50,030", "–", "–"))
    assert shaped.numeric == (False, True, True, False)


@pytest.mark.parametrize(("text", "figure"), [("0", True), ("18.8 MB", True), ("99.5 %", True), ("-3", True), ("0002", False),
                                              ("2026-11-27", False), ("4,5,6", True), ("1.2.3", False), ("", False)])
def test_what_counts_as_a_figure(text: str, figure: bool):
    shaped = shape([{"name": "x", "value": text}])
    assert isinstance(shaped, Table) and shaped.numeric[-1:] == ((figure,) if text else (False,))


def test_numbers_of_four_digits_stay_where_none_is_larger():
    shaped = shape([{"port": 8000}, {"port": 5432}])
    assert isinstance(shaped, Table)
    assert shaped.rows == (("8000",), ("5432",))


def test_a_column_that_no_row_fills_is_not_shown():
    shaped = shape([{"check": "a", "request_id": ""}, {"check": "b", "request_id": ""}])
    assert isinstance(shaped, Table)
    assert (shaped.columns, shaped.rows) == (("check",), (("a",), ("b",)))
    kept = shape([{"check": "a", "request_id": ""}, {"check": "b", "request_id": "7"}])
    assert isinstance(kept, Table) and kept.columns == ("check", "request id")


@pytest.mark.parametrize("value", [[], [{}], {}, [{"a": ""}], {"columns": [], "rows": []}, {"columns": ["a"], "rows": []}])
def test_what_is_empty_has_a_shape_too(value: object):
    shaped = shape(value)
    assert isinstance(shaped, str) or len(shaped.numeric) == len(shaped.columns)
