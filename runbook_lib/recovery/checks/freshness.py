"""Can the newest backup be relied on, and is it fresh? Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.environment import Environment
from runbook_lib.recovery.facts.backups import Backups, Trust

VERIFIED = "the last backup is verified"
FRESH = "the last backup is fresh"
RUN_BACKUP = "Run 30 Back up the database."
MOST_NAMED = 3  # file names in one finding


def last_backup(backups: Backups, environment: Environment, *, has_database: bool = True) -> tuple[Finding, ...]:
    """Whether the newest backup can be relied on, and is fresh enough to deploy on. Without a database none is needed.

    Further warnings name what is in the folder and cannot be relied on.
    """
    if environment.database is None:
        return (not_applicable(VERIFIED, environment.no_database_reason),)
    newest = next(iter(backups.backups), None)
    limit_h = environment.backup.maximum_age_h
    if newest is None and not has_database:
        return (Finding(VERIFIED, Verdict.WARNING, "there is no database yet", "one",
                        "Take the first backup after the first deployment."),)
    if newest is None:
        return (finding(VERIFIED, False, measured="there is none", expected="one", next_step=RUN_BACKUP),)
    age_h = backups.age(newest).total_seconds() / 3600
    problem = backups.clock_problem
    return (
        finding(VERIFIED, newest.trust is Trust.VERIFIED,
                measured=f"{newest.name}: {newest.trust}", expected="verified, its bytes unchanged",
                next_step=RUN_BACKUP),
        finding(FRESH, None if problem else age_h <= limit_h,
                measured=problem or f"{age_h:.1f} h old", expected=f"at most {limit_h} h",
                next_step="Correct the clock (timedatectl), then run again." if problem else RUN_BACKUP),
        *suspect_files(backups),
    )


def suspect_files(backups: Backups) -> tuple[Finding, ...]:
    """Warnings for what is in the folder and cannot be relied on; empty when there is nothing of the kind."""
    others = [f"{backup.name} of {backup.project}" for backup in backups.others]
    damaged = [backup.name for backup in backups.backups if backup.trust is Trust.DAMAGED]
    unverified = [backup.name for backup in backups.backups if backup.trust is Trust.UNVERIFIED]
    found = (
        ("no backup is damaged", damaged, "It is kept and never used. Check the disk, then move the file away."),
        ("every backup has a manifest", unverified, "Verify it with a restore, or move it away. It is never pruned."),
        ("every backup is this environment's", others,
         "It is never deleted, and restored only where it is named with its project. Move it to a folder of its own."),
        ("every manifest has its dump", list(backups.orphans), "The dump was deleted: find out by whom and why."),
    )
    return tuple(
        finding(check, False, measured=_abbreviated(names), expected="none", otherwise=Verdict.WARNING,
                next_step=advice)
        for check, names, advice in found
        if names
    )


def _abbreviated(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
