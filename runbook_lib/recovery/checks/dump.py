"""What does a backup hold, and does its dump, read again, hold what its manifest recorded? Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.recovery.checks.freshness import MOST_NAMED
from runbook_lib.recovery.checks.restorability import can_be_restored
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.dumps import DumpContents
from runbook_lib.recovery.facts.restorability import Restorability

CONTENTS = "every row is in the dump"
NOT_EMPTY = "the database has tables"
READABLE = "every text can be read again"


def backup_contents(backup: Backup | None, needs: Restorability | None) -> tuple[Finding, ...]:
    """What a new backup holds, what of the live database no dump can hold, and whether a restore could make it again.

    `needs` is what the database needs that no dump carries; None where it was not asked.
    """
    return (*_held(backup, needs.others if needs else ()), *can_be_restored(needs))


def _held(backup: Backup | None, others: tuple[str, ...]) -> tuple[Finding, ...]:
    if backup is None or backup.manifest is None:
        return (finding(CONTENTS, None, measured="no new backup", next_step="See the findings above."),)
    manifest, invalid = backup.manifest, backup.manifest.invalid_indexes
    objects = sum(manifest.objects.values())
    return (
        finding(CONTENTS, names_contents(backup),
                measured=f"{len(manifest.tables)} tables, {manifest.rows:,} rows, {objects} objects{_not_in(others)}",
                expected="every row that the database had in the dump's snapshot",
                next_step="Do not rely on this file. Run the backup again."),
        *_not_empty(backup, others),
        *_readable(manifest.unreadable),
        finding("every index is valid", not invalid, measured=", ".join(invalid[:MOST_NAMED]) or "yes", expected="yes",
                otherwise=Verdict.WARNING,
                next_step="The backup is whole; it has no such index. REINDEX INDEX CONCURRENTLY it, or drop it."),
    )


def _not_empty(backup: Backup, others: tuple[str, ...]) -> tuple[Finding, ...]:
    """Named only where it is so: a dump of no table holds nothing of an application."""
    if not names_contents(backup) or (backup.manifest and backup.manifest.tables):
        return ()
    named = f": {', '.join(others[:MOST_NAMED])}" if others else ""
    return (finding(NOT_EMPTY, False, measured=f"0 tables{_not_in(others)}", expected="a table or more",
                    otherwise=Verdict.WARNING,
                    next_step=f"Is database.name the one that the application uses{named}? Compare it with the address "
                    "in the application's variables; correct it, then back up again."),)


def _readable(tables: tuple[str, ...]) -> tuple[Finding, ...]:
    """Named only where it is so: PostgreSQL prints such bytes as they are, and refuses to read them again."""
    if not tables:
        return ()
    return (finding(READABLE, False, measured=f"bytes that are not UTF-8 in {', '.join(tables[:MOST_NAMED])}",
                    expected="UTF-8, as the database is",
                    next_step="No backup of this database can be restored: a restore ends at these rows. Find them "
                    "(… WHERE convert_from(convert_to(column, 'UTF8'), 'UTF8') fails, row by row), correct them, then "
                    "back up again."),)


def _not_in(others: tuple[str, ...]) -> str:
    named = ", ".join(others[:MOST_NAMED]) + (" …" if len(others) > MOST_NAMED else "")
    return f"; nothing of the server's other databases: {named}" if others else ""


def names_contents(backup: Backup) -> bool:
    """Whether the manifest names something to compare with: one of format 1 or 2 without a table fits an empty dump."""
    return bool(backup.rows) or bool(backup.manifest and backup.manifest.contents)


def different_from_manifest(backup: Backup, contents: DumpContents) -> str:
    """What the dump has other than its manifest says; empty when it is the same.

    Tables with other rows by name; else, from format 3 on, whether the contents or the statements are others.
    """
    recorded, found = backup.rows, contents.rows
    tables = sorted(name for name in recorded | found if recorded.get(name) != found.get(name))
    if tables or backup.manifest is None or backup.manifest.contents is None:
        return ", ".join(tables)
    if contents.contents != backup.manifest.contents:
        return "other contents than recorded"
    return "" if contents.statements == backup.manifest.statements else "other statements than recorded"
