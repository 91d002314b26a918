"""What a load would compute and check again: an attempt that shows nothing is never taken for one that passed."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.connections.postgres import require_one_select
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.recovery.facts import restorability
from runbook_lib.recovery.facts.reapplied import TRIED_BY_THE_CLOCK, TRIED_ROWS, tried_expressions


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


@pytest.mark.parametrize(("counted", "doubtful"), [("0", False), ("3", True)])
def test_values_that_would_be_others_are_a_doubt_and_no_refusal(counted: str, doubtful: bool) -> None:
    (found,) = tried_expressions(Database(row(warns=True, by_clock=False), counted))
    assert (found.error, found.volatile) == ("", doubtful)


def test_rows_that_are_compared_with_each_other_are_as_few_as_all_others() -> None:
    database = Database(row(within=True, by_clock=False))
    tried_expressions(database)
    for most, asked in zip((TRIED_ROWS, TRIED_BY_THE_CLOCK), database.asked, strict=True):
        few = f"SELECT ctid FROM ONLY public.t LIMIT {most}"
        assert f"FROM ONLY public.t WHERE ctid = ANY (ARRAY({few})) LIMIT {most})" in asked


def test_what_an_expression_reads_of_its_table_is_bounded_as_its_rows_are() -> None:
    database = Database(row(expression="NOT EXISTS (SELECT FROM (SELECT ctid FROM ONLY public.t LIMIT {few}) AS b)", by_clock=False))
    tried_expressions(database)
    for most, asked in zip((TRIED_ROWS, TRIED_BY_THE_CLOCK), database.asked, strict=True):
        assert f"FROM ONLY public.t LIMIT {most}) AS b" in asked


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


def test_what_a_restore_needs_can_be_asked_through_our_connection() -> None:
    require_one_select(restorability._NEEDS)
    require_one_select(restorability._UNSAVED)
