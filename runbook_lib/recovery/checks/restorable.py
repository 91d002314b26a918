"""Can a backup be restored at all, as far as that shows before any database sees it? Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, finding
from runbook_lib.environment import Environment
from runbook_lib.recovery.checks.dump import different_from_manifest, names_contents
from runbook_lib.recovery.facts.backups import Backup, Trust
from runbook_lib.recovery.facts.dumps import DumpContents

_NEVER = "Never restore this file. Choose another backup; keep this one for the investigation."


def backup_is_restorable(
    backup: Backup | None, contents: DumpContents | None, environment: Environment
) -> tuple[Finding, ...]:
    """Whether a backup may be restored at all, before any database sees it.

    The survey must have read its bytes (`survey(…, checksums=…)`), and `contents` is its `inspect_dump`. Whether the
    rows hold what they should, only a restore can show: see `drill_results`.
    """
    if backup is None:
        return (finding("there is such a backup", False, measured="no", expected="a file in the folder",
                        next_step="Choose one from the table above."),)
    manifest = backup.manifest
    if manifest is None:
        return (finding("its manifest can be read", False, measured=f"{backup.name}: missing or damaged",
                        expected="as it was written", next_step=_NEVER),)
    return (
        _unchanged(backup),
        finding("it is of this database", manifest.database == environment.postgres.name,
                measured=manifest.database, expected=environment.postgres.name, next_step=_NEVER),
        finding("name and manifest have the same time", manifest.taken_at == backup.taken_at,
                measured=f"{manifest.taken_at:%Y-%m-%d %H:%M:%S}", expected=f"{backup.taken_at:%Y-%m-%d %H:%M:%S}",
                next_step=_NEVER),
        _complete(contents),
        _all_rows(backup, contents),
    )


def _unchanged(backup: Backup) -> Finding:
    unread = backup.trust is Trust.RECORDED
    return finding("its bytes are those that were verified", None if unread else backup.trust is Trust.VERIFIED,
                   measured=f"{backup.name}: {backup.trust}", expected=Trust.VERIFIED,
                   next_step="Its bytes were not read: run the notebook again." if unread else _NEVER)


def _complete(contents: DumpContents | None) -> Finding:
    check, expected = "it can be read to its end, and has PostgreSQL's end marker", "yes"
    if contents is None:
        return finding(check, None, measured="not read", expected=expected, next_step="Run the notebook again.")
    measured = "yes" if contents.complete else "truncated"
    return finding(check, contents.readable and contents.complete,
                   measured=measured if contents.readable else "gzip cannot read it", expected=expected,
                   next_step=_NEVER)


def _all_rows(backup: Backup, contents: DumpContents | None) -> Finding:
    check, expected = "every table has all its rows", f"{len(backup.rows)} tables, {sum(backup.rows.values()):,} rows"
    if contents is None:
        return finding(check, None, measured="not read", expected=expected, next_step="Run the notebook again.")
    different = different_from_manifest(backup, contents)
    return finding(check, not different and names_contents(backup), measured=different or expected, expected=expected,
                   next_step=_NEVER)
