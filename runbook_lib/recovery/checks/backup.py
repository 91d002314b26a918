"""Is a backup safe to start, can the new one be trusted, and is the last one fresh? Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.environment import Environment
from runbook_lib.recovery.facts.backups import Backup, Backups, Trust, clock_problem
from runbook_lib.recovery.facts.dumps import DumpReading

ROOM_FACTOR = 1.5  # times the last dump
SHRUNK_BELOW = 0.5  # of the dump before: somebody deleted data, or something is wrong


def backup_preconditions(
    backups: Backups, environment: Environment, *, database_bytes: int | None
) -> tuple[Finding, ...]:
    """Whether a backup may start: folder, room, nobody else at it. `database_bytes` sizes the very first one."""
    room = _room(backups, database_bytes)
    return (_folder(backups), room, _nobody_else(backups), _clock(backups), *_doubtful(backups))


def backup_is_new(before: Backups, after: Backups) -> tuple[Finding, ...]:
    """Whether a new verified backup stands in the folder, and every good one from before that should."""
    fresh = _fresh(before, after)
    measured = f"{fresh.name}, {_megabytes(fresh.size_bytes)}, {fresh.trust}" if fresh else "no new backup"
    return (
        finding("a new backup stands in the folder", fresh is not None and fresh.trust is Trust.VERIFIED,
                measured=measured, expected="one more, its bytes as the manifest says",
                next_step="Read the evidence of the first step that failed, then run this notebook again."),
        finding("nothing unfinished was left", not after.leftovers,
                measured=", ".join(left.name for left in after.leftovers) or "nothing", expected="nothing",
                otherwise=Verdict.WARNING, next_step="The next backup clears it."),
        _size_as_before(before, fresh),
    )


def dump_matches_manifest(backup: Backup | None, reading: DumpReading | None) -> tuple[Finding, ...]:
    """Whether a dump, read again to its end, holds what its manifest recorded from the snapshot."""
    if backup is None or backup.manifest is None or reading is None:
        missing = finding("the dump can be read again", None, measured="no new backup to read",
                          next_step="See the findings above.")
        return (missing,)
    recorded = {table.table: table.rows for table in backup.manifest.tables}
    different = sorted(name for name in recorded | reading.rows if recorded.get(name) != reading.rows.get(name))
    again = "Do not rely on this file. Run the backup again, and look at the disk of the server."
    return (
        finding("the dump can be read to its end", reading.readable, measured="yes" if reading.readable else "no",
                expected="yes", next_step=again),
        finding("it ends where a dump ends", reading.ended, measured="yes" if reading.ended else "no",
                expected="PostgreSQL's end marker", next_step=again),
        finding("every table has all its rows", not different and bool(recorded),
                measured=", ".join(different) or f"{len(recorded)} tables, {sum(reading.rows.values()):,} rows",
                expected=f"{len(recorded)} tables, {backup.manifest.rows:,} rows in the snapshot", next_step=again),
    )


def last_backup_findings(
    backups: Backups, environment: Environment, *, has_database: bool = True
) -> tuple[Finding, ...]:
    """Whether the newest backup can be relied on, and is fresh enough to deploy on. None is needed of no database."""
    newest = backups.backups[0] if backups.backups else None
    limit_h = environment.backup.maximum_age_h
    run = "Run 30 Back up the database."
    if newest is None and not has_database:
        return (Finding("the last backup is verified", Verdict.WARNING, "there is no database yet", "one",
                        "Take the first backup after the first deployment."),)
    if newest is None:
        return (finding("the last backup is verified", False, measured="there is none", expected="one", next_step=run),)
    age_h = backups.age(newest).total_seconds() / 3600
    doubt = clock_problem(backups)
    return (
        finding("the last backup is verified", newest.trust is Trust.VERIFIED,
                measured=f"{newest.name}: {newest.trust}", expected="verified, its bytes unchanged", next_step=run),
        finding("the last backup is fresh", None if doubt else age_h <= limit_h,
                measured=doubt or f"{age_h:.1f} h old", expected=f"at most {limit_h} h",
                next_step="Set the clock right, then look again." if doubt else run),
        *_doubtful(backups),
    )


def new_backup(before: Backups, after: Backups) -> str | None:
    """The file name of the backup that came since `before`; None when none came."""
    fresh = _fresh(before, after)
    return fresh.name if fresh else None


def _fresh(before: Backups, after: Backups) -> Backup | None:
    known = {backup.name for backup in before.backups}
    return next((backup for backup in after.backups if backup.name not in known), None)


def _folder(backups: Backups) -> Finding:
    state = {True: "writable", False: "read-only", None: "there is no such folder"}[backups.writable]
    return finding("the backup folder can be written", backups.writable is True,
                   measured=f"{backups.directory}: {state}", expected="writable",
                   next_step=f"As root on the server: install -d -o USER -m 0700 {backups.directory}, USER "
                             "being the one "
                   "this environment logs in as.")


def _room(backups: Backups, database_bytes: int | None) -> Finding:
    newest = backups.newest
    basis = newest.size_bytes if newest else database_bytes
    if basis is None or backups.writable is None:
        return finding("the disk has room", None, measured="size of the database unknown",
                       next_step="Look at the database: 21 Verify shows its state.")
    reclaimed = sum(left.size_bytes for left in backups.leftovers if not left.held)
    needed = int(ROOM_FACTOR * basis)
    what = "the last dump" if newest else "the database, as there is no dump yet"
    return finding("the disk has room", backups.free_bytes + reclaimed >= needed,
                   measured=f"{_megabytes(backups.free_bytes + reclaimed)} free in {backups.directory}",
                   expected=f"{_megabytes(needed)}: {ROOM_FACTOR} times {what}",
                   next_step=f"Free space under {backups.directory}, but no backup by hand; or change "
                             "backup.directory. "
                   "Then run again.")


def _nobody_else(backups: Backups) -> Finding:
    held = [left.name for left in backups.leftovers if left.held]
    return finding("no other backup is running", not held, measured=", ".join(held) or "none", expected="none",
                   next_step="Wait until it has finished, then run again.")


def _clock(backups: Backups) -> Finding:
    doubt = clock_problem(backups)
    return finding("the clock can be trusted", not doubt, measured=doubt or "server and we agree",
                   expected="within 2 minutes", otherwise=Verdict.WARNING,
                   next_step="The backup is taken, but no old one is deleted. Set it right: timedatectl.")


def _doubtful(backups: Backups) -> tuple[Finding, ...]:
    """Warnings for what lies in the folder and cannot be relied on; empty when there is nothing of the kind."""
    damaged = [backup.name for backup in backups.backups if backup.trust is Trust.DAMAGED]
    unverified = [backup.name for backup in backups.backups if backup.trust is Trust.UNVERIFIED]
    found = (
        ("no backup is damaged", damaged, "It is kept and never used. Look at the disk, then move the file away."),
        ("every backup has a manifest", unverified, "Prove it with a restore, or move it away. It is never pruned."),
        ("every manifest has its dump", list(backups.orphans), "Somebody deleted the dump: find out who and why."),
    )
    return tuple(
        finding(check, False, measured=_some(names), expected="none", otherwise=Verdict.WARNING, next_step=advice)
        for check, names, advice in found
        if names
    )


def _size_as_before(before: Backups, fresh: Backup | None) -> Finding:
    check = "the size is as before"
    previous = before.newest
    if fresh is None:
        return finding(check, None, measured="no new backup", next_step="See the findings above.")
    if previous is None:
        return finding(check, True, measured=f"{_megabytes(fresh.size_bytes)}, the first one")
    share = fresh.size_bytes / max(previous.size_bytes, 1)
    return finding(check, share >= SHRUNK_BELOW,
                   measured=f"{share:.0%} of {previous.name}", expected=f"at least {SHRUNK_BELOW:.0%}",
                   otherwise=Verdict.WARNING,
                   next_step="The dump is complete, but the database shrank: ask who deleted data.")


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.1f} MB"

