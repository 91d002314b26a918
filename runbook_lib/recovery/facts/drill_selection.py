"""Which backups a drill restores, and what the copy of each needs. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass

from runbook_lib.environment import Environment
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.recovery.facts.backups import Backup, Backups

MEGABYTE = 1_048_576
CLUSTER_MB = 350  # an empty cluster, its write-ahead log, and space to work
DATA_FACTOR = 1.5  # indexes are built in addition to the data
MEMORY_SHARE = 0.6  # of the copy's memory may hold its data; the rest is for the work


@dataclass(frozen=True)
class DrillSelection:
    """The backups of one drill. `named` is the older one that the operator asked for; else `seed` picked it."""

    newest: Backup | None
    older: Backup | None
    named: str
    seed: str

    @property
    def backups(self) -> tuple[Backup, ...]:
        """Those to restore, newest first."""
        return tuple(one for one in (self.newest, self.older) if one is not None)

    @property
    def table(self) -> list[dict[str, object]]:
        """One row a backup to restore, and why it was chosen."""
        why = "named by the operator" if self.named else f"picked by the seed {self.seed}"
        return [
            {
                "backup": one.name,
                "why": "the newest good one" if one is self.newest else why,
                "taken at": f"{one.taken_at:%Y-%m-%d %H:%M} UTC",
                "rows": one.manifest.rows if one.manifest else None,
                "database_bytes": one.manifest.database_bytes if one.manifest else None,
                "schema revision": one.schema_revision,
            }
            for one in self.backups
        ]


@dataclass(frozen=True)
class CopyNeeds:
    """What the copy of one backup needs. `tmpfs_mb` 0: the data do not fit into memory and are in a volume."""

    memory_mb: int
    tmpfs_mb: int
    disk_bytes: int


def select_for_drill(backups: Backups, *, older: str = "", seed: str = "") -> DrillSelection:
    """The newest good backup, and the older one that is named, or that the seed picks.

    Without a seed the newest backup's own name is one: another one each day, and the plan that was shown is the plan
    that is applied. A name that is not an older good backup selects nothing: the preconditions refuse it.
    """
    newest = backups.newest
    seed = seed or (newest.name if newest else "")
    others = [one for one in backups.good if newest is None or one.name < newest.name]
    if older:
        named = next((one for one in backups.good if one.name == older and one is not newest), None)
        return DrillSelection(newest, named, older, seed)
    return DrillSelection(newest, random.Random(seed).choice(others) if others else None, "", seed)


def copy_needs(backup: Backup, environment: Environment) -> CopyNeeds:
    """What a copy of this backup needs, by the size that the database had when it was taken."""
    memory_mb = environment.restore_drill.memory_mb
    size_bytes = backup.manifest.database_bytes if backup.manifest else 0
    data_mb = CLUSTER_MB + int(DATA_FACTOR * size_bytes / MEGABYTE)
    if data_mb <= MEMORY_SHARE * memory_mb:
        return CopyNeeds(memory_mb, data_mb, 0)
    return CopyNeeds(memory_mb, 0, data_mb * MEGABYTE)


def application_images(environment: Environment, deployed: Deployed, backup: Backup) -> tuple[str, ...]:
    """Images that could read a backup, best first: the live release's, then those that were live on its schema."""
    revision = backup.schema_revision
    commits = [deployed.live_commit, *(one.commit for one in reversed(deployed.releases)
                                       if revision and one.schema_revision == revision)]
    names = dict.fromkeys(environment.release.image_of(environment.release.api, commit) for commit in commits if commit)
    return tuple(name for name in names if name in deployed.images)
