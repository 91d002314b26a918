"""Does the backup folder belong to this environment, and to one PostgreSQL server of it? Pure."""

from __future__ import annotations

from collections.abc import Mapping

from runbook_lib.core.findings import Finding, finding
from runbook_lib.environment import Environment
from runbook_lib.recovery.facts.backups import Backups

OWN_FOLDER = "the backup folder is this environment's"


def own_folder(backups: Backups, environment: Environment, *, system: str = "") -> Finding:
    """Whether only this environment writes its backups there. `system` is PostgreSQL's identifier of the live server.

    Two that share a folder would each restore and delete what the other made; so the second one is refused.
    """
    apart = "Set `backup.directory` of one of the two environments to a folder of its own, then run again."
    if backups.owner:
        return finding(OWN_FOLDER, False, measured=f"{backups.directory} is {backups.owner}'s",
                       expected=environment.project, next_step=apart)
    if backups.overtaken(system):
        return finding(OWN_FOLDER, False, expected="one server",
                       measured=f"another PostgreSQL server of {environment.project} has written there since this one",
                       next_step=apart)
    return finding(OWN_FOLDER, True, measured=environment.project, expected=environment.project)


def own_folders(owners: Mapping[str, str], project: str) -> tuple[Finding, ...]:
    """The same of each folder that jobs write to. `owners`: whose it is, by its path; empty before the first backup."""
    return tuple(
        finding(f"{folder} is this environment's", owner in ("", project), measured=owner or "not in use",
                expected=project,
                next_step="Give each environment a folder of its own in its environment file, then run again.")
        for folder, owner in sorted(owners.items())
    )
