"""What does a backup hold, and does its dump, read again, hold what its manifest recorded? Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.recovery.checks.freshness import MOST_NAMED
from runbook_lib.recovery.checks.restorability import can_be_restored
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.dumps import DumpContents
from runbook_lib.recovery.facts.restorability import Restorability

CONTENTS = "every row is in the dump"


def backup_contents(backup: Backup | None, needs: Restorability | None) -> tuple[Finding, ...]:
    """What a new backup holds, what of the live database no dump can hold, and whether a restore could make it again.

    `needs` is what the database needs that no dump carries; None where it was not asked.
    """
    return (*_held(backup), *can_be_restored(needs))


def _held(backup: Backup | None) -> tuple[Finding, ...]:
    if backup is None or backup.manifest is None:
        return (finding(CONTENTS, None, measured="no new backup", next_step="See the findings above."),)
    manifest, invalid = backup.manifest, backup.manifest.invalid_indexes
    objects = sum(manifest.objects.values())
    return (
        finding(CONTENTS, names_contents(backup),
                measured=f"{len(manifest.tables)} tables, {manifest.rows:,} rows, {objects} objects",
                expected="every row that the database had in the dump's snapshot",
                next_step="Do not rely on this file. Run the backup again."),
        finding("every index is valid", not invalid, measured=", ".join(invalid[:MOST_NAMED]) or "yes", expected="yes",
                otherwise=Verdict.WARNING,
                next_step="The backup is whole; it has no such index. REINDEX INDEX CONCURRENTLY it, or drop it."),
    )


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
