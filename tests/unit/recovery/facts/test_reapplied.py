"""What a load would compute and check again: an attempt that shows nothing is never taken for one that passed."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.connections.postgres import require_one_select
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.recovery.facts import restorability
from runbook_lib.recovery.facts.reapplied import TRIED_BY_THE_CLOCK, TRIED_ROWS, tried_expressions, tried_keys


class Database:
    def __init__(self, row: dict[str, Any], counted: str = "0") -> None:
        self.row, self.counted, self.asked = row, counted, list[str]()

    def rows(self, sql: str, *, timeout_s: float = 30.0, database: str | None = None) -> list[dict[str, Any]]:
        require_one_select(sql)
        if "pg_partitioned_table" in sql:
            return [self.row]
        self.asked.append(sql)
        return [{"computed": self.counted}]


def row(**changes: Any) -> dict[str, Any]:
    return {"name": "CHECK c", "table": "public.t", "expression": "(until > now())", "volatile": False, "must_be": True,
            "by_clock": True, "only": True} | changes


@pytest.mark.parametrize(("changes", "counted", "error"), [({}, "0", ""), ({}, "3", "rows that it refuses today: 3"), ({"must_be": False}, "3", "")])
def test_a_check_is_good_where_it_refuses_no_row(changes: dict[str, Any], counted: str, error: str) -> None:
    (found,) = tried_expressions(Database(row(**changes), counted))
    assert found.error == error


def test_the_clock_is_asked_of_more_rows_and_a_partition_key_of_all_partitions() -> None:
    few, many = f"LIMIT {TRIED_ROWS})", f"LIMIT {TRIED_BY_THE_CLOCK})"
    for changes, wanted in (({}, [f"FROM ONLY public.t {many}"]), ({"by_clock": False}, [f"FROM ONLY public.t {few}", f"FROM ONLY public.t {many}"]),
                            ({"by_clock": False, "only": False}, [f"FROM public.t {few}", f"FROM public.t {many}"])):
        database = Database(row(**changes))
        tried_expressions(database)
        assert len(database.asked) == len(wanted) and all(words in sql for words, sql in zip(wanted, database.asked, strict=True))


def test_a_function_that_is_too_slow_for_many_rows_counts_by_the_few() -> None:
    class Slow(Database):
        def rows(self, sql: str, *, timeout_s: float = 30.0, database: str | None = None) -> list[dict[str, Any]]:
            if f"LIMIT {TRIED_BY_THE_CLOCK}" in sql:
                raise FactUnreadable("57014: canceled")
            return super().rows(sql, timeout_s=timeout_s)

    (found,) = tried_expressions(Slow(row(by_clock=False)))
    assert found.error == ""
    (found,) = tried_expressions(Slow(row()))
    assert found.error is None


def test_a_name_that_could_end_the_statement_is_not_tried() -> None:
    (found,) = tried_expressions(Database(row(table='public."a;b"')))
    assert found.error is None


def test_foreign_keys_that_cannot_be_looked_at_are_not_known() -> None:
    class Busy:
        def rows(self, sql: str, *, timeout_s: float) -> list[dict[str, Any]]:
            require_one_select(sql)
            raise FactUnreadable("57014: canceled")

    assert tried_keys(Busy()) is None  # type: ignore[arg-type]


def test_what_a_restore_needs_can_be_asked_through_our_connection() -> None:
    require_one_select(restorability._NEEDS)
    require_one_select(restorability._UNSAVED)
