"""May this backup become the live database? Checked before anything is changed. Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.database import DatabaseState
from runbook_lib.platform.facts.server import DATABASE_DATA, ServerState
from runbook_lib.platform.facts.target import Target
from runbook_lib.recovery.checks.restorability import name_is_its_own
from runbook_lib.recovery.checks.restorable import backup_is_restorable
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.dumps import DumpContents
from runbook_lib.recovery.facts.restore_databases import Databases, RestoreDatabase

SPACE_FACTOR = 1.3  # of the database's size at the time of the backup: loading writes more than what stays
OPEN = "the live database is open"
CLOSED_BY_OPERATORS = "closed by its operators"
SCHEMA = "the code can read the backup's schema"
DISK = "the disk has space for a second database"
ORIGIN = "the backup is this environment's own"
NO_OTHER_SWAP = "no other restore was interrupted"
RENAMED = "the live database can be renamed"
FOLLOWED = "what reads the live database's changes follows a restore"
PRE_RESTORE_BACKUP = "the live database can be backed up first"


def restore_preconditions(
    environment: Environment,
    backup: Backup,
    contents: DumpContents | None,
    target: Target,
    databases: Databases,
    server: ServerState,
    *,
    live: DatabaseState | None,
    backup_first: bool,
    target_is_live: bool = False,
    drop: str = "",
) -> tuple[Finding, ...]:
    """The backup is whole, fits database, code and disk, and no other restore was interrupted.

    `live` is None where the live database does not answer: then it cannot be backed up first. `target_is_live`: the
    target is the release that runs on the live database now, so that it can read a backup with that very schema, too.
    With `drop`, the name of a retained database, nothing is restored: only whether that one may be deleted is checked.
    """
    if drop:
        return _may_be_dropped(databases, drop)
    return (
        *name_is_its_own(environment),
        *backup_is_restorable(backup, contents, environment),
        _origin(backup, databases),
        _schema(backup, target, live.revision if target_is_live and live else None),
        _free_space(backup, databases, server),
        _no_other_swap(backup, databases),
        *_renamed(databases),
        *_followed(databases),
        _pre_restore_backup(databases, live, backup_first),
    )


def _origin(backup: Backup, databases: Databases) -> Finding:
    """A warning where its data were another environment's, or where this server did not make it."""
    system = backup.manifest.system if backup.manifest else ""
    if backup.project:
        return finding(ORIGIN, False, measured=f"of {backup.project}, as was asked for", expected="this environment's",
                       otherwise=Verdict.WARNING, next_step="Its users and their data replace this environment's.")
    known = not (system and databases.system) or system == databases.system
    return finding(ORIGIN, known, measured="yes" if known else "made by another PostgreSQL server", expected="yes",
                   otherwise=Verdict.WARNING,
                   next_step="Right where this server was made anew. Where two share the folder, choose another.")


def _may_be_dropped(databases: Databases, name: str) -> tuple[Finding, ...]:
    interrupted = databases.interrupted.name if databases.interrupted else ""
    return (
        finding("it is a retained database", databases.retained_named(name) is not None, measured=name[:80],
                expected=", ".join(one.name for one in databases.retained) or "none is retained",
                next_step="Take a name from the table of retained databases, exactly as it is shown."),
        finding("no interrupted restore needs it", name != interrupted, measured=interrupted or "none",
                expected="none", next_step="Finish the restore first: run again without drop_retained."),
    )


def _schema(backup: Backup, target: Target, live_revision: str | None) -> Finding:
    """The backup's revision is one that the release's migrations know, or the one that the release runs on now."""
    revision = backup.schema_revision
    known = None if backup.manifest is None else revision in (None, live_revision) or revision in target.revisions
    up_to = f", up to {target.schema_head}" if target.schema_head else ""
    return finding(SCHEMA, known, measured=f"revision {revision}" if revision else "no alembic revision is in it",
                   expected=f"one that {target.version} knows{up_to}, or none",
                   next_step="Deploy the release that created this schema first (20 Deploy), or choose an older "
                   "backup.")


def _free_space(backup: Backup, databases: Databases, server: ServerState) -> Finding:
    disk = server.holding(DATABASE_DATA)
    if disk is None or backup.manifest is None:
        return finding(DISK, None, measured="not known",
                       next_step="On the server: `docker ps --all`, then `df -h` in PostgreSQL's container.")
    # plain_bytes too: a database that was vacuumed just before its backup can be smaller than its own dump
    needed = int(SPACE_FACTOR * max(backup.manifest.database_bytes, backup.manifest.plain_bytes))
    used = sum(one.size_bytes for one in databases.retained)
    hint = f"; {len(databases.retained)} retained databases use {used / 1e6:,.0f} MB" if databases.retained else ""
    return finding(DISK, disk.free_bytes >= needed,
                   measured=f"{disk.free_bytes / 1e6:,.0f} MB free in {disk.path}{hint}",
                   expected=f"{needed / 1e6:,.0f} MB, {SPACE_FACTOR} times the database of the backup",
                   next_step="Delete a retained database with drop_retained, or docker image prune; then run again.")


def database_is_open(databases: Databases | None) -> tuple[Finding, ...]:
    """The live database takes connections, and no restore of it was interrupted.

    Nothing where PostgreSQL could not be asked: what does not run is another check's.
    """
    if databases is None or databases.live is None:
        return ()
    name, unfinished = databases.database, databases.interrupted_backup
    again = "Run 32 Restore the database again" + (f' with backup = "{unfinished}"' if unfinished else "")
    if databases.live.closed_by_restore:
        return (finding(OPEN, False, measured=f"{name} is closed by a restore that was interrupted", expected="open",
                        next_step=f"{again}: it opens the database and finishes what was begun. No other notebook "
                        "opens it, and no backup can be made until then."),)
    if not databases.live.open:
        return (finding(OPEN, False, measured=_closed(databases.live), expected="open", otherwise=Verdict.WARNING,
                        next_step="No backup can be made of it, and a restore leaves it closed. To open it, as a "
                        f"superuser: {_opens(databases.live)}"),)
    return (finding(OPEN, not unfinished, measured=f"open; a restore of {unfinished} was interrupted" if unfinished
                    else "open", expected="open, and no restore unfinished", otherwise=Verdict.WARNING,
                    next_step=f"{again}: it finishes what was begun."),)


def _closed(live: RestoreDatabase) -> str:
    return f"{CLOSED_BY_OPERATORS} ({'CONNECTION LIMIT 0' if live.limited else 'ALLOW_CONNECTIONS false'})"


def _opens(live: RestoreDatabase) -> str:
    return f'ALTER DATABASE "{live.name}" {"CONNECTION LIMIT -1" if live.limited else "ALLOW_CONNECTIONS true"};'


def _no_other_swap(backup: Backup, databases: Databases) -> Finding:
    interrupted = databases.interrupted_backup
    return finding(NO_OTHER_SWAP, interrupted in ("", backup.name), measured=interrupted or "none",
                   expected="none, or of this backup",
                   next_step=f'Finish that one first: run again with backup = "{interrupted}".')


def _renamed(databases: Databases) -> tuple[Finding, ...]:
    """Named only where it cannot: known before minutes of loading, and before the outage begins."""
    if not databases.prepared:
        return ()
    names = ", ".join(databases.prepared)
    return (finding(RENAMED, False, measured=f"prepared transactions: {names}", expected="none",
                    next_step=f"In {databases.database}, as their owner: COMMIT PREPARED 'NAME' or ROLLBACK PREPARED "
                    "'NAME' for each, as whoever manages them says; they hold locks, too. Then run again."),)


def _followed(databases: Databases) -> tuple[Finding, ...]:
    """A slot belongs to one database, whatever that is called, and stays with the one that is retained."""
    if not databases.slots:
        return ()
    return (finding(FOLLOWED, False, measured=f"replication slots: {', '.join(databases.slots)}", expected="no slot",
                    otherwise=Verdict.WARNING,
                    next_step="Its consumers (Debezium, a subscription) get nothing from the restored database: make "
                    "their slots there anew, take a new snapshot, and drop the old ones, which keep WAL until then: "
                    "SELECT pg_drop_replication_slot('NAME')."),)


def _pre_restore_backup(databases: Databases, live: DatabaseState | None, wanted: bool) -> Finding:
    if databases.interrupted is not None:
        return Finding(PRE_RESTORE_BACKUP, Verdict.PASSED, "the interrupted run did this already")
    if not wanted:
        return Finding(PRE_RESTORE_BACKUP, Verdict.WARNING, "skipped on request", "a last verified backup",
                       "The live database is retained whole under another name; do not delete that one.")
    if live is None and databases.live is not None and databases.live.closed_by_restore:
        opened = "a restore that died left it closed: this run opens it first"
        return Finding(PRE_RESTORE_BACKUP, Verdict.PASSED, opened)
    if live is None and databases.live is not None and not databases.live.open:
        return finding(PRE_RESTORE_BACKUP, False, measured=_closed(databases.live), expected="it answers",
                       next_step="The restored one will be closed as well. To back it up first, as a superuser: "
                       f"{_opens(databases.live)} Otherwise backup_first = False.")
    return finding(PRE_RESTORE_BACKUP, live is not None,
                   measured="it answers" if live else "the live database does not answer", expected="it answers",
                   next_step="If it cannot be fixed: backup_first = False. It is retained as it is.")
