"""Is a backup safe to start, and did it add one that can be trusted? Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, as_warnings, finding
from runbook_lib.core.text import readable_size
from runbook_lib.environment import Environment
from runbook_lib.recovery.checks.folder_owner import own_folder
from runbook_lib.recovery.checks.freshness import suspect_files
from runbook_lib.recovery.checks.restorability import extensions_are_supported, name_is_its_own
from runbook_lib.recovery.facts.backups import INSTALL, Backup, Backups, Trust
from runbook_lib.recovery.facts.restorability import Restorability

SPACE_FACTOR = 1.5  # times the last dump: the new one lies next to it until it is verified
SHRUNK_BELOW = 0.5  # of the previous dump: data was deleted, or something is wrong


def backup_preconditions(
    backups: Backups, environment: Environment, *, database_bytes: int | None, system: str = "",
    needs: Restorability | None = None,
) -> tuple[Finding, ...]:
    """Whether a backup may start: programs, folder, disk space, no concurrent backup.

    `database_bytes` sizes the very first one; `system` is PostgreSQL's identifier of the live server. Further warnings
    name what is in the folder and cannot be relied on, and what of the database, `needs`, no restore here brings back.
    """
    return (
        *as_warnings(name_is_its_own(environment)),  # a backup that has to be restored by hand is better than none
        server_reads_dumps(backups),
        folder_is_writable(backups, environment),
        own_folder(backups, environment, system=system),
        _free_space(backups, database_bytes),
        _no_concurrent_backup(backups),
        _clock(backups),
        *suspect_files(backups),
        # a backup that has to be restored by hand is better than none
        *as_warnings(extensions_are_supported(needs)),
    )


def backup_is_new(before: Backups, after: Backups) -> tuple[Finding, ...]:
    """Whether the folder has a new verified backup, of a plausible size, and nothing unfinished."""
    added = after.added_since(before)
    measured = f"{added.name}, {readable_size(added.size_bytes)}, {added.trust}" if added else "no new backup"
    return (
        finding("a new backup is in the folder", added is not None and added.trust is Trust.VERIFIED,
                measured=measured, expected="one more, its bytes as in its manifest",
                next_step="Read the evidence of the first step that failed, then run this notebook again."),
        finding("no partial file is left", not after.partials,
                measured=", ".join(one.name for one in after.partials) or "none", expected="none",
                otherwise=Verdict.WARNING, next_step="The next backup clears it."),
        _plausible_size(before, added),
    )


def server_reads_dumps(backups: Backups) -> Finding:
    """Whether the server has the programs that write and read dumps: a backup, a drill and a restore all need them."""
    lacking = backups.lacking
    return finding("the server can read dumps", None if lacking is None else not lacking,
                   measured="not known" if lacking is None else f"it has no {', '.join(lacking)}" if lacking else "yes",
                   expected="perl with Digest::MD5, gzip, flock, diff", next_step=INSTALL)


def folder_is_writable(backups: Backups, environment: Environment) -> Finding:
    """Whether the folder of the backups is there, and can be written to by the server's user."""
    state = {True: "writable", False: "read-only", None: "there is no such folder"}[backups.writable]
    user = environment.server.user
    return finding("the backup folder is writable", backups.writable is True,
                   measured=f"{backups.directory}: {state}", expected="writable",
                   next_step=f"As root on the server: install -d -o {user} -m 0700 {backups.directory}")


def _free_space(backups: Backups, database_bytes: int | None) -> Finding:
    check = "the disk has enough free space"
    newest = backups.newest
    basis = newest.size_bytes if newest else database_bytes
    if basis is None or backups.writable is None:
        return finding(check, None, measured="size of the database unknown",
                       next_step="Check the database: 21 Verify shows its state.")
    # an interrupted backup is cleared by the first step, so its space counts as free
    free = backups.free_bytes + sum(one.size_bytes for one in backups.interrupted)
    needed = int(SPACE_FACTOR * basis)
    source = "the last dump" if newest else "the database, as there is no dump yet"
    return finding(check, free >= needed, measured=f"{readable_size(free)} free in {backups.directory}",
                   expected=f"{readable_size(needed)}: {SPACE_FACTOR} times {source}",
                   next_step=f"Free space under {backups.directory} without deleting backups manually, or change "
                   "backup.directory. Then run again.")


def _no_concurrent_backup(backups: Backups) -> Finding:
    running = [one.name for one in backups.partials if one.running]
    return finding("no other backup is running", not running, measured=", ".join(running) or "none", expected="none",
                   next_step="Wait until it has finished, then run again.")


def _clock(backups: Backups) -> Finding:
    problem = backups.clock_problem
    return finding("the clock can be trusted", not problem, measured=problem or "the server's clock and ours agree",
                   expected="within 2 minutes", otherwise=Verdict.WARNING,
                   next_step="The backup is taken, but no old one is deleted. Correct the clock: timedatectl.")


def _plausible_size(before: Backups, added: Backup | None) -> Finding:
    check = "the size is close to the previous one"
    previous = before.newest
    if added is None:
        return finding(check, None, measured="no new backup", next_step="See the findings above.")
    if previous is None:
        return finding(check, True, measured=f"{readable_size(added.size_bytes)}, the first one")
    share = added.size_bytes / max(previous.size_bytes, 1)
    return finding(check, share >= SHRUNK_BELOW,
                   measured=f"{share:.0%} of {previous.name}", expected=f"at least {SHRUNK_BELOW:.0%}",
                   otherwise=Verdict.WARNING,
                   next_step="The dump is complete, but the database shrank: find out who deleted data.")
