"""Members of extensions that were changed by hand, as they are asked for through our connection."""

from __future__ import annotations

from typing import Any

from runbook_lib.connections.postgres import require_one_select
from runbook_lib.recovery.facts.changed_members import ChangedMember, changed_members


class Database:
    def rows(self, sql: str, *, timeout_s: float = 30.0, database: str | None = None) -> list[dict[str, Any]]:
        require_one_select(sql)
        return [{"extension": "unaccent", "name": "function public.unaccent(text)", "needed": True}]


def test_each_member_comes_with_its_extension_and_whether_something_rests_on_it() -> None:
    assert changed_members(Database()) == (ChangedMember("unaccent", "function public.unaccent(text)", needed=True),)
