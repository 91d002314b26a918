"""May this backup become the live database? Looked at before anything is touched. Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.database import DatabaseState
from runbook_lib.platform.facts.server import DOCKER_DATA, ServerState
from runbook_lib.platform.facts.target import Target
from runbook_lib.recovery.checks.restore import backup_is_restorable
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.dumps import DumpReading
from runbook_lib.recovery.facts.restore_databases import Databases

ROOM_FACTOR = 1.3  # of the database's size at the time of the backup: loading writes more than what stays
READABLE = "the code can read the backup's schema"


def restore_preconditions(
    environment: Environment,
    backup: Backup,
    reading: DumpReading | None,
    target: Target,
    databases: Databases,
    server: ServerState,
    *,
    live: DatabaseState | None,
    backup_first: bool,
    serves: bool = False,
) -> tuple[Finding, ...]:
    """The backup is whole, fits database, code and disk, and no other exchange is half-way.

    `live` is None where the live database does not answer: then it cannot be backed up first. `serves`: the target is
    the release that serves on the live database now, so that it can read a backup with that very schema, too.
    """
    return (
        *backup_is_restorable(backup, reading, environment),
        schema_readable(backup, target, live.revision if serves and live else None),
        _room(backup, databases, server),
        _no_other_exchange(backup, databases),
        _backup_first(databases, live, backup_first),
    )


def schema_readable(backup: Backup, target: Target, served: str | None = None) -> Finding:
    """The backup's revision is one that the release's migrations know, or `served`: the one that it serves on now."""
    revision = backup.manifest.schema_revision if backup.manifest else None
    known = None if backup.manifest is None else revision in (None, served) or revision in target.revisions
    return finding(
        READABLE,
        known,
        measured=f"revision {revision or 'none'}",
        expected=f"one that {target.version} knows, up to {target.schema_head}",
        next_step="Deploy the release that made this schema first (20 Deploy), or choose an older backup.",
    )


def may_be_dropped(databases: Databases, name: str) -> tuple[Finding, ...]:
    """Whether `name` is a kept database, and not one that an exchange still needs."""
    waiting = databases.unfinished.name if databases.unfinished else ""
    return (
        finding("it is a kept database", databases.kept_named(name) is not None, measured=name[:80],
                expected=", ".join(one.name for one in databases.kept) or "none is kept",
                next_step="Take a name from the table of kept databases, as it stands there."),
        finding("no exchange needs it", name != waiting, measured=waiting or "none", expected="none",
                next_step="Finish the restore first: run again without drop_kept."),
    )


def database_is_named(environment: Environment, words: str, mode: str, *, asked: bool = True) -> Finding:
    """With mode "apply", `words` must be the database's name: a second word besides the environment's.

    Not `asked` where the database's contents are not replaced.
    """
    database = environment.backup.database
    if not asked:
        return Finding("the database is named", Verdict.PASSED, "not asked: its contents are not replaced")
    if mode != "apply":
        return Finding("the database is named", Verdict.PASSED, "not asked in plan mode")
    return finding("the database is named", words == database, measured=f"got {words[:60]!r}", expected=database,
                   next_step=f'Read the plan and what would be lost; then set confirm_database = "{database}".')


def database_is_restored(
    environment: Environment, before: Databases, after: Databases, backup: Backup, *, dropped: str = ""
) -> tuple[Finding, ...]:
    """The live database came from the backup, belongs to its owner, is open, and the one before is kept.

    After a run that only `dropped` a kept database: that one is gone and the live one is as it was.
    """
    if dropped:
        return _is_dropped(before, after, dropped)
    live, owner = after.live, environment.backup.user
    known = {one.name for one in before.kept} - {before.unfinished.name if before.unfinished else ""}
    fresh = [one.name for one in after.kept if one.name not in known]
    came = live.comment if live else "there is no live database"
    return (
        finding("the live database came from the backup", came == f"restored from {backup.name}",
                measured=came or "not from a restore", expected=f"restored from {backup.name}",
                next_step="Read the steps above; run this notebook again."),
        finding("it belongs to its owner and is open", live is not None and live.open and live.owner == owner,
                measured=f"{live.owner}, {'open' if live.open else 'shut'}" if live else "none",
                expected=f"{owner}, open", next_step="Run this notebook again."),
        finding("the database before is kept", bool(fresh) or before.live is None,
                measured=", ".join(fresh) or "none", expected="one more",
                next_step="Look at the list of databases above before anything else is done."),
        finding("nothing unfinished was left", not after.prepared and after.unfinished is None,
                measured=", ".join(one.name for one in after.prepared) or after.unfinished_backup or "nothing",
                expected="nothing", next_step="Run this notebook again: it finishes what was begun."),
    )


def _is_dropped(before: Databases, after: Databases, name: str) -> tuple[Finding, ...]:
    gone = after.kept_named(name) is None
    same = after.live is not None and before.live is not None and after.live.comment == before.live.comment
    return (
        finding("the kept database is deleted", gone, measured="gone" if gone else "still there", expected="gone",
                next_step="Read the step's evidence."),
        finding("the live database is as before", same, measured="untouched" if same else "another",
                expected="untouched", next_step="Call the backend lead."),
    )


def _room(backup: Backup, databases: Databases, server: ServerState) -> Finding:
    check = "the disk has room for a second database"
    disk = server.disk(DOCKER_DATA)
    if disk is None or backup.manifest is None:
        return finding(check, None, measured="not known", next_step="On the server: df -h /var/lib/docker.")
    needed = int(ROOM_FACTOR * max(backup.manifest.database_bytes, backup.manifest.plain_bytes))
    kept = sum(one.size_bytes for one in databases.kept)
    hint = f"; {len(databases.kept)} kept databases hold {kept / 1e6:,.0f} MB" if databases.kept else ""
    return finding(check, disk.free_bytes >= needed, measured=f"{disk.free_bytes / 1e6:,.0f} MB free{hint}",
                   expected=f"{needed / 1e6:,.0f} MB, {ROOM_FACTOR} times the database of the backup",
                   next_step="Delete a kept database with drop_kept, or docker image prune; then run again.")


def _no_other_exchange(backup: Backup, databases: Databases) -> Finding:
    waiting = databases.unfinished_backup
    return finding("no other exchange is half-way", waiting in ("", backup.name), measured=waiting or "none",
                   expected="none, or of this backup",
                   next_step=f'Finish that one first: run again with backup = "{waiting}".')


def _backup_first(databases: Databases, live: DatabaseState | None, wanted: bool) -> Finding:
    check = "what is live now can be backed up first"
    if databases.unfinished is not None:
        return Finding(check, Verdict.PASSED, "the interrupted run took care of it")
    if not wanted:
        return Finding(check, Verdict.WARNING, "left out as asked", "a last verified backup",
                       "The live database is kept under another name, whole; do not delete that one.")
    return finding(check, live is not None, measured="it answers" if live else "the live database does not answer",
                   expected="it answers",
                   next_step="When it is broken for good: backup_first = False. It is kept as it is.")
