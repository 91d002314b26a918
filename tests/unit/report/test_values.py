"""Any value as a table or as text."""

from __future__ import annotations

from dataclasses import dataclass

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
