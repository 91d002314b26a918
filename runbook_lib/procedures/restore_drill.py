"""The restore drill: which backups, with how much room, and the steps. Nothing of it touches the live database."""

from __future__ import annotations

import random
from dataclasses import dataclass

from runbook_lib.environment import Environment
from runbook_lib.facts.backups import Backup, Backups, script
from runbook_lib.facts.releases import Deployed
from runbook_lib.plan import Command, Plan, Skipped, Step
from runbook_lib.procedures.backup import shell

MEGABYTE = 1_048_576
CLUSTER_MB = 350  # an empty cluster, its log of changes, and room to work
DATA_FACTOR = 1.5  # indexes are built beside the data
MEMORY_SHARE = 0.6  # of the copy's memory may hold its data; the rest is for the work
MARGIN_S = 120
FALLBACK_IMAGE = "postgres:15"


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
                                       if revision and one.schema_revision == revision)]  # fmt: skip
    names = dict.fromkeys(f"gw2-backend:{commit}" for commit in commits if commit)
    return tuple(name for name in names if name in deployed.images)


def plan_restore_drill(choice: Choice, deployed: Deployed, environment: Environment) -> Plan:
    """One step a backup; empty, with the reason, when there is none."""
    if not choice.backups:
        return Plan("restore drill", environment.name, reason="there is no good backup to restore")
    chosen = (("newest", choice.newest), ("older", choice.older))
    steps = [_drill(which, backup, deployed, environment) for which, backup in chosen]
    skipped = [] if choice.older else [Skipped("Restore an older backup", "there is only one good backup")]
    return Plan(
        "restore drill",
        environment.name,
        tuple(step for step in steps if step),
        skipped=tuple(skipped),
        facts={"backups": [one.name for one in choice.backups]},
    )


def drill_command(backup: Backup, deployed: Deployed, environment: Environment) -> Command:
    """The program that restores one backup into a disposable database, with its limits as words."""
    rules, limits, room = environment.backup, environment.restore_drill, room_for(backup, environment)
    assert backup.manifest is not None, "only a good backup is drilled, and a good one has a manifest"
    argv = (
        "bash", "-s", "--", environment.server.directory, rules.directory, rules.database, rules.user, backup.name,
        backup.manifest.sha256, f"{limits.limit_s:.0f}", str(room.memory_mb), str(room.tmpfs_mb),
        environment.images.get("POSTGRES_IMAGE", FALLBACK_IMAGE), ",".join(application_images(deployed, backup)),
        *(f"{path}|{table or ''}" for path, table in limits.reads.items()),
    )  # fmt: skip
    text = script("dump_reading.sh") + shell("snapshot_queries.sh") + shell("restore_drill.sh")
    return Command(argv, stdin=text, timeout_s=limits.limit_s + MARGIN_S)


def _drill(which: str, backup: Backup | None, deployed: Deployed, environment: Environment) -> Step | None:
    if backup is None:
        return None
    room = room_for(backup, environment)
    place = f"its data in {room.tmpfs_mb} MB of memory" if room.tmpfs_mb else "its data in a volume of its own"
    return Step(
        f"drill-{which}",
        f"Restore {backup.name} into a disposable database, and compare",
        (drill_command(backup, deployed, environment),),
        why=f"no network, no folder of the server, {place}; removed at the end, and by itself after "
        f"{environment.restore_drill.limit_s:.0f} s",
    )
