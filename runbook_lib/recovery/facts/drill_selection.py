"""Which backups a drill restores, and what each copy needs."""

from __future__ import annotations

import random
from dataclasses import dataclass

from runbook_lib.environment import Environment
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.recovery.facts.backups import Backup, Backups

MEGABYTE = 1_048_576
CLUSTER_MB = 350  # an empty cluster, its log of changes, and room to work
DATA_FACTOR = 1.5  # indexes are built beside the data
MEMORY_SHARE = 0.6  # of the copy's memory may hold its data; the rest is for the work


@dataclass(frozen=True)
class Choice:
    """The backups of one drill. `named` is what the operator asked for; `seed` is what chose otherwise."""

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
        """One row a backup to restore, and why it."""
        why = "named by the operator" if self.named else f"chosen by the seed {self.seed}"
        return [
            {
                "backup": one.name,
                "why": "the newest good one" if one is self.newest else why,
                "taken at": f"{one.taken_at:%Y-%m-%d %H:%M} UTC",
                "rows": one.manifest.rows if one.manifest else None,
                "database_bytes": one.manifest.database_bytes if one.manifest else None,
                "schema revision": one.manifest.schema_revision if one.manifest else None,
            }
            for one in self.backups
        ]


@dataclass(frozen=True)
class Room:
    """What the copy of one backup needs. `tmpfs_mb` 0: the data do not fit into memory and lie in a volume."""

    memory_mb: int
    tmpfs_mb: int
    disk_bytes: int


def choose_backups(backups: Backups, *, older: str = "", seed: str = "") -> Choice:
    """The newest good backup, and the older one that is named, or that the seed picks.

    Without a seed the newest backup's own name is one: another choice each day, and the plan that was shown is the plan
    that is applied.
    """
    newest = backups.newest
    seed = seed or (newest.name if newest else "")
    others = [one for one in backups.good if newest is None or one.name < newest.name]
    if older:
        named = next((one for one in backups.good if one.name == older and one is not newest), None)
        return Choice(newest, named, older, seed)
    return Choice(newest, random.Random(seed).choice(others) if others else None, "", seed)


def room_for(backup: Backup, environment: Environment) -> Room:
    """What a copy of this backup needs, by the size that the database had when it was taken."""
    memory_mb = environment.restore_drill.memory_mb
    size_bytes = backup.manifest.database_bytes if backup.manifest else 0
    data_mb = CLUSTER_MB + int(DATA_FACTOR * size_bytes / MEGABYTE)
    if data_mb <= MEMORY_SHARE * memory_mb:
        return Room(memory_mb, data_mb, 0)
    return Room(memory_mb, 0, data_mb * MEGABYTE)


def application_images(deployed: Deployed, backup: Backup) -> tuple[str, ...]:
    """Images that could read a backup, best first: the live release's, then those that served with its schema."""
    revision = backup.manifest.schema_revision if backup.manifest else None
    commits = [deployed.live_commit, *(one.commit for one in reversed(deployed.releases)
                                       if revision and one.schema_revision == revision)]
    names = dict.fromkeys(f"gw2-backend:{commit}" for commit in commits if commit)
    return tuple(name for name in names if name in deployed.images)
