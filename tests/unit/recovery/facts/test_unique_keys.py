"""Unique indexes are tried with their rows: the query passes our connection, and what fails is not known."""

from __future__ import annotations

from typing import Any

from runbook_lib.connections.postgres import require_one_select
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.recovery.facts.unique_keys import READ_BYTES, UniqueKey, tried_unique_keys


class Database:
    def __init__(self, reply: list[dict[str, Any]] | None) -> None:
        self.reply, self.asked = reply, ""

    def rows(self, sql: str, *, timeout_s: float = 30.0, database: str | None = None) -> list[dict[str, Any]]:
        require_one_select(sql)
        self.asked = sql
        if self.reply is None:
            raise FactUnreadable("57014: canceled")
        return self.reply


def test_every_index_is_a_fact_those_of_large_tables_too() -> None:
    database = Database([{"name": "a", "table": "public.t", "repeated": True}, {"name": "b", "table": "public.u", "repeated": None}])
    assert tried_unique_keys(database) == (UniqueKey("a", "public.t", True), UniqueKey("b", "public.u", None))
    assert f"bytes <= {READ_BYTES}" in database.asked


def test_what_could_not_be_asked_is_not_known() -> None:
    assert tried_unique_keys(Database(None)) is None
