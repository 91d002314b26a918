"""Were the backups restored, and is the newest one good? Pure."""

from __future__ import annotations

from itertools import chain

from runbook_lib.core.findings import Finding, finding, not_applicable
from runbook_lib.core.text import head_of
from runbook_lib.environment import Environment
from runbook_lib.recovery.checks.freshness import RUN_BACKUP
from runbook_lib.recovery.facts.backups import Backup, Backups, Trust
from runbook_lib.recovery.facts.drill_selection import DrillSelection
from runbook_lib.recovery.facts.drills import Drill, DrillOutcome, Drills
from runbook_lib.recovery.facts.manifests import Manifest

CONTENTS = "rows, contents and objects"  # the end of this check's name
APPLICATION_READS = "the application reads it"  # the end of this check's name
DATA = ("/var/lib/postgresql/data", "/var/lib/postgresql")  # the second since PostgreSQL's image of version 18
_NEVER = f"Never restore this backup. {RUN_BACKUP}"


def drill_results(
    selection: DrillSelection, backups: Backups, before: Drills, after: Drills, environment: Environment | None = None
) -> tuple[Finding, ...]:
    """What this run's drills showed of every selected backup, and whether the newest file is one a restore could use.

    Drills that are recorded in `before` show nothing about this run. A good older backup does not help when last
    night's is bad.
    """
    if not selection.backups:
        restored = finding("a backup was restored", None, measured="there was none", expected="one or more",
                           next_step=RUN_BACKUP)
        return (restored, _newest(backups))
    added = Drills(after.added_since(before))
    why = environment.restore_drill.unread_reason if environment else ""
    shown = (drill_findings(one, _of(one, added), why) for one in selection.backups)
    return (*chain.from_iterable(shown), _newest(backups))


def drill_findings(backup: Backup, drill: Drill | None, no_reads_reason: str = "") -> tuple[Finding, ...]:
    """What one drill showed of one backup; no drill, or one that could not be carried out, is inconclusive.

    `no_reads_reason` is why the environment has the application asked nothing.
    """
    name, manifest = backup.name, backup.manifest
    check, expected = f"{name}: restored", "as in its manifest"
    if drill is None or manifest is None or drill.sha256 != manifest.sha256:
        return (finding(check, None, measured="no drill of these bytes is recorded", expected=expected,
                        next_step="Read the evidence of its step, then run again."),)
    if drill.outcome is DrillOutcome.ERROR:
        return (finding(check, None, measured=_short(drill), expected=expected,
                        next_step="The backup was not judged. Do what the message says, then run again."),)
    if drill.outcome is DrillOutcome.FAILED:
        return (finding(check, False, measured=_short(drill), expected=expected,
                        next_step=f"{_NEVER} Then find the cause: where 30 fails too, it names what no restore can "
                        "make; else disk, memory, or a manual change."),)
    return (
        _contents(name, manifest, drill),
        _duration(name, drill),
        *_integrity(name, drill),
        _isolation(name, drill),
        not_applicable(f"{name}: {APPLICATION_READS}", no_reads_reason) if no_reads_reason else _reads(name, drill),
    )


def _newest(backups: Backups) -> Finding:
    newest = next(iter(backups.backups), None)
    return finding("the newest backup can be relied on", newest is not None and newest.trust is Trust.VERIFIED,
                   measured=f"{newest.name}: {newest.trust}" if newest else "there is none",
                   expected="verified, its bytes unchanged", next_step=RUN_BACKUP)


def _of(backup: Backup, drills: Drills) -> Drill | None:
    return drills.last_of(backup.name, backup.manifest.sha256) if backup.manifest else None


def _contents(name: str, manifest: Manifest, drill: Drill) -> Finding:
    """A manifest of format 1 or 2 has no contents: the drill compared the copy with the dump, whose sha256 it has."""
    measured = f"{drill.tables} tables, {drill.rows or 0:,} rows, {drill.objects} objects, {drill.sequences} sequences"
    same = (drill.tables, drill.rows) == (len(manifest.tables), manifest.rows)
    # without a table an older manifest would agree with an empty copy
    same = same and (bool(manifest.tables) if manifest.contents is None else drill.contents == manifest.contents)
    unknown = drill.tables is None or drill.contents is None
    return finding(f"{name}: {CONTENTS}", None if unknown else same, measured=measured,
                   expected=f"{len(manifest.tables)} tables, {manifest.rows:,} rows, contents as in its manifest",
                   next_step=_NEVER)


def _duration(name: str, drill: Drill) -> Finding:
    speed = drill.megabytes_per_s
    measured = bool(drill.plain_bytes and drill.restore_s)
    words = "too little for a speed" if speed is None else f"{speed:.1f} MB/s"
    return finding(f"{name}: time to recover", True if measured else None,
                   measured=f"{drill.restore_s} s for {(drill.plain_bytes or 0) / 1e6:.1f} MB of SQL ({words}); "
                   f"{drill.seconds:.1f} s with all checks")


def _integrity(name: str, drill: Drill) -> tuple[Finding, ...]:
    """What loading itself has checked row by row."""
    return (
        finding(f"{name}: constraints", None if drill.constraints is None else True,
                measured=f"{drill.constraints} verified row by row", expected="every foreign key and check holds"),
        finding(f"{name}: indexes", None if drill.indexes is None else True,
                measured=f"{drill.indexes} built from the rows", expected="each can be built"),
    )


def _isolation(name: str, drill: Drill) -> Finding:
    own = tuple(f"{kind} {path} " for kind in ("tmpfs", "volume") for path in DATA)
    foreign = [mount for mount in drill.mounts or () if not mount.startswith(own)]
    measured = f"network {drill.network}; {'; '.join(drill.mounts or ()) or 'no mount'}"
    good = None if drill.network is None or drill.mounts is None else drill.network == "none" and not foreign
    return finding(f"{name}: isolated from the live system", good, measured=measured,
                   expected="no network, no folder of the server",
                   next_step="Run no further drill here until the reason is known.")


def _reads(name: str, drill: Drill) -> Finding:
    check = f"{name}: {APPLICATION_READS}"
    if drill.reads is None:
        return finding(check, None, measured="no image on the server could be started on it",
                       expected="every read path",
                       next_step="Deploy the release that should be live (20 Deploy): its image stays on the server.")
    rows = drill.read_rows
    bad = [f"{read.path}: HTTP {read.status or 'no answer'}" for read in drill.reads
           if read.status != 200 or not read.is_json]
    bad += [f"{read.path}: {read.total} of {rows.get(read.table)} rows" for read in drill.reads
            if read.status == 200 and read.table and read.total != rows.get(read.table)]
    return finding(check, not bad and bool(drill.reads),
                   measured="; ".join(bad) or f"{len(drill.reads)} read paths, {drill.application_image}",
                   expected="every read path, and as many rows as the table has",
                   next_step="The data are there and the application does not show them: read the step's evidence.")


def _short(drill: Drill) -> str:
    return f"{drill.stage}: {head_of(' '.join(drill.message.split()), 300)}"
