"""What going back to a backup would lose. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runbook_lib.core.text import pluralize
from runbook_lib.platform.facts.database import DatabaseState
from runbook_lib.recovery.facts.restore_databases import Databases

UNKNOWN = "not known"


def rows_as_recorded(live: DatabaseState, recorded: Mapping[str, int]) -> dict[str, int | None]:
    """Rows of the live database by the names of a backup, which has those of some partitions as the topmost table's."""
    rows: dict[str, int | None] = {}
    for one in live.tables:
        name = one.root if one.qualified not in recorded and one.root in recorded else one.qualified
        before = rows.get(name, 0)
        rows[name] = None if before is None or one.rows is None else before + one.rows
    return rows


@dataclass(frozen=True)
class DataLoss:
    """What going back to a backup would lose. Rows by table; None where they, or those of one table, are not known."""

    backup: str
    minutes: float
    backup_rows: dict[str, int]
    live_rows: dict[str, int | None] | None

    @property
    def rows(self) -> int | None:
        """Rows that the live database has more than the backup, over all tables that lost some; None: not known."""
        if self.live_rows is None:
            return None
        return sum(max(0, count - self.backup_rows.get(table, 0))
                   for table, count in self.live_rows.items() if count is not None)

    @property
    def sentence(self) -> str:
        """What would be lost in one line, for the head of the report."""
        return self._sentence("would be lost from the live database", "no table has more rows now", "return")

    def outcome(self, before: Databases, after: Databases) -> str:
        """What was lost in one line, and the database that still has it; by the databases before and after a plan."""
        there = {one.name for one in before.retained if one != before.interrupted}
        kept = next((one.name for one in reversed(after.retained) if one.name not in there), None)
        if kept is None:
            return "Nothing: no database was replaced."
        lost = self._sentence("before the restore is missing from the live database", "no table had more rows",
                              "have returned")
        return f"{lost} The previous database is kept whole, as {kept}."

    def _sentence(self, lost: str, none: str, changed: str) -> str:
        rows = "an unknown number of rows: the live database cannot be counted" if self.rows is None else (
            f"at least {self.rows:,} rows" if self.rows else none)
        return (
            f"Everything written in the last {pluralize(round(self.minutes), 'minute')} {lost}: {rows}. "
            f"Changed and deleted rows {changed} to their earlier state; row counts cannot show those."
        )

    @property
    def table(self) -> list[dict[str, Any]]:
        """One row a table: rows now, rows in the backup, and the difference."""
        live = self.live_rows
        return [self._row(name, None if live is None else live.get(name, 0))
                for name in sorted(self.backup_rows | (live or {}))]

    def _row(self, name: str, now: int | None) -> dict[str, Any]:
        then = self.backup_rows.get(name, 0)
        return {
            "table": name,
            "rows now": UNKNOWN if now is None else now,
            "rows in the backup": then,
            "would be lost": UNKNOWN if now is None else max(0, now - then),
        }
