"""Can a backup be restored at all, as far as that shows before any database sees it? Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, finding
from runbook_lib.environment import Environment
from runbook_lib.recovery.facts.backups import Backup, Trust
from runbook_lib.recovery.facts.dumps import DumpReading

_NEVER = "Never restore this file. Choose another backup; keep this one for whoever looks into it."


def backup_is_restorable(
    backup: Backup | None, reading: DumpReading | None, environment: Environment
) -> tuple[Finding, ...]:
    """Whether a backup may be restored at all, before any database sees it.

    The survey must have read its bytes (`backups_of(…, checksums=…)`), and `reading` is its `dump_reading_of`. What
    rows of the right number hold, only a restore can compare: see `drill_findings`.
    """
    if backup is None:
        return (finding("there is such a backup", False, measured="no", expected="a file in the folder",
                        next_step="Choose one of the table above."),)
    manifest = backup.manifest
    if manifest is None:
        return (finding("its manifest can be read", False, measured=f"{backup.name}: missing or damaged",
                        expected="as it was written", next_step=_NEVER),)
    recorded = {table.table: table.rows for table in manifest.tables}
    whole = reading is not None and reading.readable and reading.ended
    same = None if reading is None else bool(recorded) and reading.rows == recorded
    return (
        finding("its bytes are those that were checked", None if backup.trust is Trust.RECORDED else
                backup.trust is Trust.VERIFIED, measured=f"{backup.name}: {backup.trust}", expected=Trust.VERIFIED,
                next_step="Its bytes were not read: ask again." if backup.trust is Trust.RECORDED else _NEVER),
        finding("it is of this database", manifest.database == environment.backup.database,
                measured=manifest.database, expected=environment.backup.database, next_step=_NEVER),
        finding("name and manifest tell the same time", manifest.taken_at == backup.taken_at,
                measured=f"{manifest.taken_at:%Y-%m-%d %H:%M:%S}", expected=f"{backup.taken_at:%Y-%m-%d %H:%M:%S}",
                next_step=_NEVER),
        finding("it can be read to its end, and ends as a dump", None if reading is None else whole,
                measured=_reading(reading), expected="PostgreSQL's end marker", next_step=_NEVER),
        finding("every table has all its rows", same, measured=_difference(recorded, reading),
                expected=f"{len(recorded)} tables, {manifest.rows:,} rows", next_step=_NEVER),
    )


def _reading(reading: DumpReading | None) -> str:
    if reading is None:
        return "not read"
    return "yes" if reading.readable and reading.ended else "cut short" if reading.readable else "gzip cannot read it"


def _difference(recorded: dict[str, int], reading: DumpReading | None) -> str:
    if reading is None:
        return "not read"
    different = sorted(name for name in recorded | reading.rows if recorded.get(name) != reading.rows.get(name))
    return ", ".join(different) or f"{len(recorded)} tables, {sum(recorded.values()):,} rows"
