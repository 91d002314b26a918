"""What a restore stumbles on, as it is asked for through our connection."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.connections.postgres import require_one_select
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.recovery.facts.pitfalls import Kind, Pitfall, restore_pitfalls

GONE = "ERROR:  F0000: could not open synonym file\nLOCATION: here"


class Database:
    def __init__(self, error: str, name: str = "zoo.d") -> None:
        self.error, self.name, self.tried = error, name, 0

    def rows(self, sql: str, *, timeout_s: float = 30.0, database: str | None = None) -> list[dict[str, Any]]:
        require_one_select(sql)
        if "pg_inherits" in sql:
            return [{"kind": "child", "name": "kid, of settings", "attempt": None},
                    {"kind": "file", "name": "text search dictionary d", "attempt": f"ts_lexize('{self.name}', 'a') IS NULL"}]
        self.tried += 1
        if self.error:
            raise FactUnreadable(self.error)
        return [{"computed": True}]


CHILD = Pitfall(Kind.CHILD, "kid, of settings")


@pytest.mark.parametrize(("error", "found"), [
    ("", ()), ("ERROR:  42501: permission denied", ()), ("ERROR:  57014: canceling statement", ()),
    (GONE, (Pitfall(Kind.FILE, "text search dictionary d: ERROR: F0000: could not open synonym file LOCATION: here"),))])
def test_a_dictionary_is_tried_and_named_with_what_postgresql_says(error: str, found: tuple[Pitfall, ...]) -> None:
    assert restore_pitfalls(Database(error)) == (CHILD, *found)


def test_a_name_that_could_not_be_asked_for_is_left_out() -> None:
    database = Database(GONE, "zoo.a;b")
    assert (restore_pitfalls(database), database.tried) == ((CHILD,), 0)
