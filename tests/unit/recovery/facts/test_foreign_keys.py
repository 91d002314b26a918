"""Foreign keys are tried with their rows: what could not be tried is not known, and never taken for good."""

from __future__ import annotations

from typing import Any

from runbook_lib.connections.postgres import require_one_select
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.recovery.facts.foreign_keys import tried_keys


def test_foreign_keys_that_cannot_be_looked_at_are_not_known() -> None:
    class Busy:
        def rows(self, sql: str, *, timeout_s: float) -> list[dict[str, Any]]:
            require_one_select(sql)
            raise FactUnreadable("57014: canceled")

    assert tried_keys(Busy()) is None  # type: ignore[arg-type]
