"""Which backup is meant, and what would be lost by going back to it. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from runbook_lib.core.errors import BadParameter, PreconditionFailed
from runbook_lib.core.text import did_you_mean
from runbook_lib.platform.facts.database import DatabaseState
from runbook_lib.recovery.facts.backups import Backup, Backups
from runbook_lib.recovery.facts.manifests import SUFFIX


@dataclass(frozen=True)
class DataLoss:
    """What going back to a backup would lose. `live_rows` is None where the live database cannot be counted."""

    backup: str
    minutes: float
    backup_rows: dict[str, int]
    live_rows: dict[str, int] | None

    @property
    def rows(self) -> int | None:
        """Rows that the live database has more than the backup, over all tables that lost some; None: not known."""
        if self.live_rows is None:
            return None
        return sum(max(0, count - self.backup_rows.get(table, 0)) for table, count in self.live_rows.items())

    @property
    def sentence(self) -> str:
        """The loss in one line, for the head of the report."""
        rows = "an unknown number of rows: the live database cannot be counted" if self.rows is None else (
            f"at least {self.rows:,} rows" if self.rows else "no table has more rows now")
        return (
            f"Everything written in the last {self.minutes:,.0f} minutes would be gone from the live database: {rows}. "
            "Changed and deleted rows come back as they were; no count can show those."
        )

    @property
    def table(self) -> list[dict[str, Any]]:
        """One row a table: rows now, rows in the backup, and the difference."""
        live = self.live_rows
        names = sorted(self.backup_rows | (live or {}))
        rows = []
        for name in names:
            now, then = None if live is None else live.get(name, 0), self.backup_rows.get(name, 0)
            rows.append({
                "table": name,
                "rows now": "not known" if now is None else now,
                "rows in the backup": then,
                "would be lost": "not known" if now is None else max(0, now - then),
            })
        return rows


def select_backup(backups: Backups, name: str, *, unfinished: str = "") -> Backup:
    """The backup of that file name; without a name the one whose restore was not finished, else the newest good one.

    Raises BadParameter for a name that is not in the folder, PreconditionFailed when there is nothing to choose.
    """
    wanted = name or unfinished
    if not wanted:
        if backups.newest is None:
            raise PreconditionFailed(
                "There is no good backup to restore.",
                where=backups.directory,
                next_step="Look for a copy elsewhere, and call the backend lead: the address is in 00 Start here.",
            )
        return backups.newest
    found = backups.named(wanted) or backups.named(wanted + SUFFIX)
    if found is None:
        # two backups' names are always alike: only a slip of the pen is near enough
        hint = did_you_mean(wanted, [one.name for one in backups.backups], cutoff=0.8)
        raise BadParameter(f"backup: there is no backup named {wanted[:80]!r}{hint}", where=backups.directory,
                           next_step="Take a name from the table of backups, as it stands there.")
    return found


def backup_before(backups: Backups, known: Collection[str], name: str, *, unfinished: str = "") -> Backup:
    """The backup of that name; without one the newest good one whose schema is among the `known` revisions.

    Raises BadParameter and PreconditionFailed as `chosen_backup`.
    """
    if name or unfinished:
        return select_backup(backups, name, unfinished=unfinished)
    fitting = (one for one in backups.good if (revision_of(one) or "") in known)
    found = next(fitting, None)
    return found or select_backup(backups, "")


def revision_of(backup: Backup) -> str | None:
    """The schema revision of a backup; None where its manifest names none or cannot be read."""
    return backup.manifest.schema_revision if backup.manifest else None


def loss_of(backups: Backups, backup: Backup, database: DatabaseState | None) -> DataLoss:
    """What restoring `backup` over the database as it is now would lose."""
    live = None if database is None else {f"{one.schema}.{one.name}": one.rows for one in database.tables}
    recorded = {one.table: one.rows for one in backup.manifest.tables} if backup.manifest else {}
    return DataLoss(backup.name, backups.age(backup).total_seconds() / 60, recorded, live)
