"""Rows that are written into a database, by PostgreSQL's own counters."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.platform.facts import written_rows
from runbook_lib.platform.facts.written_rows import RowCounter, WrittenRows, rows_before, rows_since


class Database:
    """Its counter has these values, one after the other."""

    def __init__(self, *counts: int) -> None:
        self.counts, self.database, self.late = list(counts), self, False

    def rows(self, sql: str) -> list[dict[str, Any]]:
        assert "current_database()" in sql
        return [{"rows": self.counts.pop(0), "late": self.late}]


def test_before_a_release_rows_are_counted_interval_by_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written_rows, "PAUSE_S", 0.0)
    counter = RowCounter()
    before = rows_before(counter).fetch(Database(10, 12, 13, 15))  # type: ignore[arg-type]
    assert before == counter.before == WrittenRows((2, 1, 2))
    assert (before.total, before.all_the_time) == (5, True)
    assert not WrittenRows((2, 0, 2)).all_the_time


def test_since_a_release_the_first_sample_is_where_counting_begins() -> None:
    counter, database = RowCounter(), Database(100, 100, 103)
    assert [rows_since(counter).fetch(database).total for _ in range(3)] == [0, 0, 3]  # type: ignore[arg-type]


def test_statistics_that_were_reset_are_no_rows_that_went() -> None:
    counter, database = RowCounter(), Database(100, 3, 5)
    assert [rows_since(counter).fetch(database).total for _ in range(3)] == [0, 0, 2]  # type: ignore[arg-type]


def test_below_postgresql_15_what_an_idle_session_wrote_may_come_late() -> None:
    counter, database = RowCounter(), Database(100, 100)
    database.late = True
    assert [rows_since(counter).fetch(database).late for _ in range(2)] == [True, True]  # type: ignore[arg-type]
    assert counter.late
