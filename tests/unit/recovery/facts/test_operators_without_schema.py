"""Operators that a dump has without their schema, as they are asked for through our connection."""

from __future__ import annotations

from typing import Any

from runbook_lib.connections.postgres import require_one_select
from runbook_lib.recovery.facts.operators_without_schema import PrintedOperator, printed_operators


class Database:
    def rows(self, sql: str, *, timeout_s: float = 30.0, database: str | None = None) -> list[dict[str, Any]]:
        require_one_select(sql)
        return [{"name": "trigger x on table public.t", "operator": "ext.=", "certain": True, "another": False}]


def test_each_operator_comes_with_where_it_is_and_what_a_restore_would_take_for_it() -> None:
    assert printed_operators(Database()) == (PrintedOperator("trigger x on table public.t", "ext.=", certain=True, another=False),)
