"""What is in no dump, as it is asked through our connection."""

from __future__ import annotations

from typing import Any

from runbook_lib.connections.postgres import require_one_select
from runbook_lib.recovery.facts.left_out import LeftOut, left_out_of_dumps


class Database:
    def rows(self, sql: str, *, timeout_s: float = 30.0, database: str | None = None) -> list[dict[str, Any]]:
        require_one_select(sql)
        return [{"name": "table information_schema.mine", "filled": True, "needed": False}]


def test_each_object_says_whether_it_holds_data_and_whether_it_is_needed() -> None:
    assert left_out_of_dumps(Database()) == (LeftOut("table information_schema.mine", filled=True, needed=False),)
