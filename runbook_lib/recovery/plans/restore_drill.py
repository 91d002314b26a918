"""The restore drill: which backups, with how much room, and the steps. Nothing of it touches the live database."""

from __future__ import annotations

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.drill_selection import Choice, application_images, room_for

MARGIN_S = 120
FALLBACK_IMAGE = "postgres:15"


def plan_restore_drill(choice: Choice, deployed: Deployed, environment: Environment) -> Plan:
    """One step a backup; empty, with the reason, when there is none."""
    if not choice.backups:
        return Plan("restore drill", environment.name, reason="there is no good backup to restore")
    chosen = (("newest", choice.newest), ("older", choice.older))
    steps = [_drill(which, backup, deployed, environment) for which, backup in chosen]
    skipped = [] if choice.older else [SkippedStep("Restore an older backup", "there is only one good backup")]
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
    )
    text = programs.text("recovery/inspect_dump.sh", "recovery/snapshot_queries.sh", "recovery/restore_drill.sh")
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
