"""Does a dump, read again to its end, hold what its manifest recorded? Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, finding
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.dumps import DumpContents

_RUN_AGAIN = "Do not rely on this file. Run the backup again, and check the disk of the server."


def dump_matches_manifest(backup: Backup | None, contents: DumpContents | None) -> tuple[Finding, ...]:
    """Whether a dump, read again to its end, holds what its manifest recorded from the snapshot."""
    if backup is None or backup.manifest is None or contents is None:
        return (finding("the dump can be read again", None, measured="no new backup to read",
                        next_step="See the findings above."),)
    different = different_tables(backup, contents)
    return (
        finding("the dump can be read to its end", contents.readable, measured="yes" if contents.readable else "no",
                expected="yes", next_step=_RUN_AGAIN),
        finding("it has PostgreSQL's end marker", contents.complete, measured="yes" if contents.complete else "no",
                expected="yes", next_step=_RUN_AGAIN),
        finding("every table has all its rows", not different and bool(backup.rows),
                measured=different or f"{len(backup.rows)} tables, {sum(contents.rows.values()):,} rows",
                expected=f"{len(backup.rows)} tables, {backup.manifest.rows:,} rows in the snapshot",
                next_step=_RUN_AGAIN),
    )


def different_tables(backup: Backup, contents: DumpContents) -> str:
    """Names of the tables that have other rows in the dump than in the manifest; empty when there are none."""
    recorded, found = backup.rows, contents.rows
    return ", ".join(sorted(name for name in recorded | found if recorded.get(name) != found.get(name)))
