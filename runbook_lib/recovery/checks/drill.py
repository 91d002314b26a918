"""May a restore drill be held, and did the backups come back to life? Pure."""

from __future__ import annotations

from itertools import chain
from typing import Any

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.server import DOCKER_DATA, ServerState
from runbook_lib.recovery.facts.backups import Backup, Backups, Trust
from runbook_lib.recovery.facts.drill_selection import Choice, application_images, room_for
from runbook_lib.recovery.facts.drills import Drill, Drills

MEMORY_MARGIN_MB = 700  # for the application beside the copy, and for the live system
DISK_MARGIN = 1.2
DATA = "/var/lib/postgresql/data"
_RUN = "Run 30 Back up the database."
APPLICATION_READS = "the application reads it"  # how this check's name ends


def drill_preconditions(
    choice: Choice, backups: Backups, deployed: Deployed, server: ServerState, environment: Environment
) -> tuple[Finding, ...]:
    """Whether a drill can be held: something to restore, room for the copy, and an application to read it with."""
    found = len(backups.good)
    older = finding("an older backup to restore", choice.older is not None,
                    measured=choice.older.name if choice.older else "none: the newest alone is restored",
                    expected="one", otherwise=Verdict.WARNING, next_step="Tomorrow there will be one.")
    if choice.named:
        older = finding("the older backup that was named", choice.older is not None,
                        measured=choice.older.name if choice.older else "no good older backup has that name",
                        expected="a good backup in the folder",
                        next_step="Take a name from the table of backups, or leave `older` empty.")
    start = (finding("a backup to restore", choice.newest is not None, measured=f"{found} good", expected="one or more",
                     next_step=_RUN), older)
    if choice.newest is None:
        return start[:1]
    newest = backups.backups[0]
    return (
        *start,
        finding("the newest file in the folder is good", newest is choice.newest,
                measured=f"{newest.name}: {newest.trust}", expected="verified", otherwise=Verdict.WARNING,
                next_step=f"The drill takes the one before it. {_RUN}"),
        *_room(choice, server, environment),
        _application(choice, deployed),
    )


def newest_is_good(backups: Backups) -> tuple[Finding, ...]:
    """Whether the newest file of the folder is one that a restore could use."""
    newest = backups.backups[0] if backups.backups else None
    return (finding("the newest backup can be relied on", newest is not None and newest.trust is Trust.VERIFIED,
                    measured=f"{newest.name}: {newest.trust}" if newest else "there is none",
                    expected="verified, its bytes unchanged", next_step=_RUN),)


def drill_results(choice: Choice, before: Drills, after: Drills) -> tuple[Finding, ...]:
    """What this run's drills showed of every chosen backup; those on record in `before` prove nothing about it."""
    if not choice.backups:
        return (finding("a backup was restored", None, measured="there was none", expected="one or more",
                        next_step=_RUN),)
    fresh = Drills(after.since(before))
    return tuple(chain.from_iterable(drill_findings(one, _of(one, fresh))
                                     for one in choice.backups))


def drill_findings(backup: Backup, drill: Drill | None) -> tuple[Finding, ...]:
    """What one drill showed of one backup; no drill, or one that was not held, is inconclusive."""
    name = backup.name
    check, expected = f"{name}: restored", "as its manifest says"
    if drill is None or backup.manifest is None or drill.sha256 != backup.manifest.sha256:
        unknown = finding(check, None, measured="no drill of these bytes is on record", expected=expected,
                          next_step="Read the evidence of its step, then run again.")
        return (unknown,)
    if drill.outcome == "error":
        not_held = finding(check, None, measured=_short(drill), expected=expected,
                           next_step="It says nothing about the backup. Do what the message says, then run again.")
        return (not_held,)
    if drill.outcome == "failed":
        lost = finding(check, False, measured=_short(drill), expected=expected,
                       next_step=f"Never restore this backup. {_RUN} Then look for the cause: disk, memory, a hand.")
        return (lost,)
    return (*_contents(backup, drill), *_rules(name, drill), _isolation(name, drill), *_reads(name, drill))


def _of(backup: Backup, drills: Drills) -> Drill | None:
    return drills.of(backup.name, backup.manifest.sha256) if backup.manifest else None


def _contents(backup: Backup, drill: Drill) -> tuple[Finding, ...]:
    manifest, name = backup.manifest, backup.name
    assert manifest is not None
    found = {table.table: table for table in drill.tables or ()}
    recorded = {table.table: table for table in manifest.tables}
    different = sorted(table for table in found | recorded if found.get(table) != recorded.get(table))
    speed = drill.megabytes_per_s
    return (
        finding(f"{name}: rows and contents", None if drill.tables is None else not different and bool(recorded),
                measured=", ".join(different) or f"{len(found)} tables, {manifest.rows:,} rows, all hashes equal",
                expected="every table as in its manifest", next_step=f"Never restore this backup. {_RUN}"),
        _definitions(name, manifest.objects, drill.objects),
        finding(f"{name}: time to recover", None if speed is None else True,
                measured=f"{drill.restore_s} s for {(drill.plain_bytes or 0) / 1e6:.1f} MB of SQL ({speed or 0:.1f} "
                f"MB/s); {drill.seconds:.1f} s with all checks"),
    )


def _definitions(name: str, recorded: dict[str, Any] | None, found: dict[str, Any] | None) -> Finding:
    check, expected = f"{name}: definitions", "as in its manifest"
    if recorded is None:
        return Finding(check, Verdict.WARNING, "its manifest is of an older format without them", expected,
                       "Newer backups have them.")
    return finding(check, found == recorded, expected=expected, next_step=f"Never restore this backup. {_RUN}",
                   measured=f"{(found or {}).get('count')} constraints, indexes, columns and sequences")


def _rules(name: str, drill: Drill) -> tuple[Finding, ...]:
    looked = "not installed with this PostgreSQL" if drill.indexes is None else f"{drill.indexes} hold every row"
    return (
        finding(f"{name}: constraints", None if drill.constraints is None else True,
                measured=f"{drill.constraints} proven row by row", expected="every foreign key and check holds"),
        finding(f"{name}: sequences", None if drill.sequences is None else True,
                measured=f"{drill.sequences} ahead of their columns", expected="none behind"),
        finding(f"{name}: indexes", drill.indexes is not None, measured=looked, expected="amcheck finds no fault",
                otherwise=Verdict.WARNING, next_step="Install PostgreSQL's contrib modules into the database image."),
    )


def _isolation(name: str, drill: Drill) -> Finding:
    own = (f"tmpfs {DATA} ", f"volume {DATA} ")
    foreign = [mount for mount in drill.mounts or () if not mount.startswith(own)]
    measured = f"network {drill.network}; {'; '.join(drill.mounts or ()) or 'no mount'}"
    good = None if drill.network is None or drill.mounts is None else drill.network == "none" and not foreign
    return finding(f"{name}: nothing live was in reach", good, measured=measured,
                   expected="no network, no folder of the server",
                   next_step="Stop drilling here until it is known why.")


def _reads(name: str, drill: Drill) -> tuple[Finding, ...]:
    check = f"{name}: {APPLICATION_READS}"
    if drill.reads is None:
        unread = finding(check, None, measured="no image on the server could be started on it",
                         expected="every read path",
                         next_step="Deploy the release that should serve (20 Deploy): it leaves its image here.")
        return (unread,)
    rows = {table.table: table.rows for table in drill.tables or ()}
    bad = [f"{read.path}: HTTP {read.status or 'no answer'}" for read in drill.reads
           if read.status != 200 or not read.is_json]
    bad += [f"{read.path}: {read.total} of {rows.get(read.table)} rows" for read in drill.reads
            if read.status == 200 and read.table and read.total != rows.get(read.table)]
    read = finding(check, not bad and bool(drill.reads),
                   measured="; ".join(bad) or f"{len(drill.reads)} read paths, {drill.application_image}",
                   expected="every read path, and as many rows as the table has",
                   next_step="The data are there and the application does not show them: read the step's evidence.")
    return (read,)


def _room(choice: Choice, server: ServerState, environment: Environment) -> tuple[Finding, ...]:
    rooms = [room_for(one, environment) for one in choice.backups]
    memory_mb = max(room.memory_mb for room in rooms) + MEMORY_MARGIN_MB
    free_mb = server.memory_available_bytes // 1_048_576
    needed = int(DISK_MARGIN * max(room.disk_bytes for room in rooms))
    disk = server.disk(DOCKER_DATA)
    return (
        finding("memory for the copy", free_mb >= memory_mb, measured=f"{free_mb:,} MB available",
                expected=f"{memory_mb:,} MB", next_step="Drill at a quieter hour, or lower restore_drill.memory_mb."),
        finding("disk for the copy", True if not needed else None if disk is None else disk.free_bytes >= needed,
                measured="none is needed: it fits into memory" if not needed
                else f"{(disk.free_bytes if disk else 0) / 1e6:,.0f} MB free in {DOCKER_DATA}",
                expected=f"{needed / 1e6:,.0f} MB", next_step=f"Free space under {DOCKER_DATA}, then run again."),
    )


def _application(choice: Choice, deployed: Deployed) -> Finding:
    without = [one.name for one in choice.backups if not application_images(deployed, one)]
    return finding("an application to read it with", not without,
                   measured=f"no image for {', '.join(without)}" if without else "the image is on the server",
                   expected="the live release's image", otherwise=Verdict.WARNING,
                   next_step="The drill compares the data and cannot show that the application reads them.")


def _short(drill: Drill) -> str:
    return f"{drill.stage}: {' '.join(drill.message.split())[:300]}"
