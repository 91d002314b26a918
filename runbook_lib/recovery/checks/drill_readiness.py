"""May a restore drill be started? Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, as_warnings, finding, not_applicable
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.server import DOCKER_DATA, ServerState
from runbook_lib.recovery.checks.backup import server_reads_dumps
from runbook_lib.recovery.checks.folder_owner import own_folder
from runbook_lib.recovery.checks.freshness import RUN_BACKUP
from runbook_lib.recovery.checks.restorability import extensions_are_supported, name_is_its_own
from runbook_lib.recovery.checks.restore_readiness import database_is_open
from runbook_lib.recovery.facts.backups import Backups
from runbook_lib.recovery.facts.drill_selection import DrillSelection, application_images, copy_needs
from runbook_lib.recovery.facts.restorability import Restorability
from runbook_lib.recovery.facts.restore_databases import Databases

MEMORY_MARGIN_MB = 700  # for the application next to the copy, and for the live system
DISK_MARGIN = 1.2


def drill_preconditions(
    selection: DrillSelection, backups: Backups, deployed: Deployed, server: ServerState, environment: Environment,
    *, needs: Restorability | None = None, databases: Databases | None = None,
) -> tuple[Finding, ...]:
    """Whether a drill can be carried out: a backup to restore, capacity for the copy, an application to read it.

    `needs` and `databases` are of the live database, None where it could not be asked: what no restore brings back
    needs no drill; one that is closed is only named, for a drill does not read it.
    """
    live = (*name_is_its_own(environment), *extensions_are_supported(needs), *as_warnings(database_is_open(databases)))
    newest_good = selection.newest
    able, owned = server_reads_dumps(backups), own_folder(backups, environment)
    start = finding("a backup to restore", newest_good is not None, measured=f"{len(backups.good)} good",
                    expected="one or more", next_step=RUN_BACKUP)
    if newest_good is None:
        return (able, owned, start, *live)
    newest = backups.backups[0]
    return (
        able,
        owned,
        start,
        _older(selection),
        finding("the newest file in the folder is good", newest.name == newest_good.name,
                measured=f"{newest.name}: {newest.trust}", expected="verified", otherwise=Verdict.WARNING,
                next_step=f"The drill takes the previous one. {RUN_BACKUP}"),
        *_capacity(selection, server, environment),
        _application(environment, selection, deployed),
        *live,
    )


def _older(selection: DrillSelection) -> Finding:
    name = selection.older.name if selection.older else ""
    if selection.named:
        return finding("the older backup that was named", bool(name),
                       measured=name or "no good older backup has that name", expected="a good backup in the folder",
                       next_step="Take a name from the table of backups, or leave `older` empty.")
    return finding("an older backup to restore", bool(name), measured=name or "none: only the newest is restored",
                   expected="one", otherwise=Verdict.WARNING, next_step="There will be one after the next backup.")


def _capacity(selection: DrillSelection, server: ServerState, environment: Environment) -> tuple[Finding, ...]:
    needs = [copy_needs(one, environment) for one in selection.backups]
    memory_mb = max(one.memory_mb for one in needs) + MEMORY_MARGIN_MB
    free_mb = server.memory_available_bytes // 1_048_576
    return (
        finding("memory for the copy", free_mb >= memory_mb, measured=f"{free_mb:,} MB available",
                expected=f"{memory_mb:,} MB",
                next_step="Run the drill at a quieter hour, or lower restore_drill.memory_mb."),
        _disk(int(DISK_MARGIN * max(one.disk_bytes for one in needs)), server),
    )


def _disk(needed_bytes: int, server: ServerState) -> Finding:
    check, expected = "disk for the copy", f"{needed_bytes / 1e6:,.0f} MB"
    if not needed_bytes:
        return finding(check, True, measured="none is needed: it fits into memory", expected=expected)
    disk = server.holding(DOCKER_DATA)
    place = disk.path if disk else "the Docker Root Dir of `docker info`"
    return finding(check, None if disk is None else disk.free_bytes >= needed_bytes,
                   measured=f"{disk.free_bytes / 1e6:,.0f} MB free in {place}" if disk else "not known",
                   expected=expected, next_step=f"Free space under {place}, then run again.")


def _application(environment: Environment, selection: DrillSelection, deployed: Deployed) -> Finding:
    if reason := environment.restore_drill.unread_reason:
        return not_applicable("an application to read it with", reason)
    without = [one.name for one in selection.backups if not application_images(environment, deployed, one)]
    return finding("an application to read it with", not without,
                   measured=f"no image for {', '.join(without)}" if without else "the image is on the server",
                   expected="the live release's image", otherwise=Verdict.WARNING,
                   next_step="The drill compares the data and cannot show that the application reads them.")
