"""The restore drill: which backups, within which limits, and the steps. Nothing of it touches the live database."""

from __future__ import annotations

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.operation_names import RESTORE_DRILL
from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.drill_selection import DrillSelection, application_images, copy_needs

MARGIN_S = 120  # after the program's own limit, so that it can still write its record
FALLBACK_IMAGE = "postgres:15"


def plan_restore_drill(selection: DrillSelection, deployed: Deployed, environment: Environment) -> Plan:
    """One step a backup; empty, with the reason, when there is none."""
    if not selection.backups:
        return Plan(RESTORE_DRILL, environment.name, reason="there is no good backup to restore")
    selected = (("newest", selection.newest), ("older", selection.older))
    steps = tuple(_drill(which, backup, deployed, environment) for which, backup in selected if backup)
    skipped = () if selection.older else (SkippedStep("Restore an older backup", "there is only one good backup"),)
    return Plan(RESTORE_DRILL, environment.name, steps, skipped=skipped,
                facts={"backups": [one.name for one in selection.backups]},
                achieves=f"Restored in a drill on {environment.name}, and compared with what was backed up: "
                + " and ".join(one.name for one in selection.backups))


def drill_command(backup: Backup, deployed: Deployed, environment: Environment) -> Command:
    """The program that restores one backup into a disposable database, with its limits as arguments."""
    database, limits, needs = environment.postgres, environment.restore_drill, copy_needs(backup, environment)
    assert backup.manifest is not None, "only a good backup is selected, and a good one has a manifest"
    argv = (
        "bash", "-s", "--", environment.server.directory, environment.backup.directory, database.name,
        database.owner, backup.name, backup.manifest.sha256, f"{limits.limit_s:.0f}", str(needs.memory_mb),
        str(needs.tmpfs_mb), environment.images.get("POSTGRES_IMAGE", FALLBACK_IMAGE),
        ",".join(application_images(environment, deployed, backup)), environment.project, database.service,
        environment.health.ready_path,
        *(f"{path} {table or ''}" for path, table in limits.reads.items()),
    )
    text = programs.text("platform/whole_lines.sh", "recovery/dump_contents.sh",
                         "recovery/split_dump.sh", "recovery/load_dump.sh",
                         "recovery/database_definition.sh", "platform/image_of.sh", "recovery/restore_drill.sh")
    return Command(argv, stdin=text, timeout_s=limits.limit_s + MARGIN_S)


def _drill(which: str, backup: Backup, deployed: Deployed, environment: Environment) -> Step:
    tmpfs_mb = copy_needs(backup, environment).tmpfs_mb
    storage = f"its data in {tmpfs_mb} MB of memory" if tmpfs_mb else "its data in a volume of its own"
    return Step(
        f"drill-{which}",
        f"Restore {backup.name} into a disposable database, and compare",
        (drill_command(backup, deployed, environment),),
        why=f"no network, no folder of the server, {storage}; removed at the end, and in any case after "
        f"{environment.restore_drill.limit_s:.0f} s",
    )
