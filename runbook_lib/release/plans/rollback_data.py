"""What happens to the data in a rollback: the schema stays, migrations are reversed, or a backup is restored.

The order differs, because no code may ever run on a schema that it does not know.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.plans import migration
from runbook_lib.platform.plans.expected_alerts import in_maintenance
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.restore_databases import Databases
from runbook_lib.recovery.plans import cache_steps, restore_steps
from runbook_lib.recovery.plans.restore import swap_databases
from runbook_lib.recovery.plans.restore_preparation import preparation
from runbook_lib.release.facts.schema_rollback import DataChoice, SchemaRollback
from runbook_lib.release.plans import cutover_steps, rollback_steps, verification_steps

NO_BACKUP = "a rollback takes seconds: a backup is taken only where data change"


@dataclass(frozen=True)
class DataRollback:
    """The answer to the data question, and what it needs. `backup` and `databases` are for a restore only.

    `pre_rollback_backup` is the plan of a verified backup of the live database; None leaves it out.
    """

    choice: DataChoice
    schema: SchemaRollback
    pre_rollback_backup: Plan | None = None
    backup: Backup | None = None
    databases: Databases | None = None

    @property
    def reverses(self) -> bool:
        """Whether migrations are reversed."""
        return self.choice == "downgrade" and self.schema.newer

    @property
    def backup_steps(self) -> tuple[Step, ...]:
        """The steps of the backup before the rollback; none when it is left out."""
        return self.pre_rollback_backup.steps if self.pre_rollback_backup else ()

    def final_target(self, target: Target) -> Target:
        """The target with the schema that the database has in the end."""
        return replace(target, schema_now=target.schema_head) if self.reverses else target


def release_and_data(rollout: Rollout, data: DataRollback) -> tuple[list[Step], tuple[SkippedStep, ...]]:
    """The steps that bring the earlier release to its users, with the data as chosen."""
    if data.choice == "restore" and data.backup is not None:
        return _with_restore(rollout, data, data.backup)
    if data.reverses:
        if data.schema.compatible:
            return [*data.backup_steps, *_downgrade_online(rollout, data)], ()
        skipped = cache_steps.no_cache(rollout.environment)
        return [*data.backup_steps, *_downgrade_in_maintenance(rollout, data)], skipped
    if rollout.target.schema_now not in (None, rollout.target.schema_expected):
        # the schema is older than this release: its migrations run first, as in a deployment
        forward = (*data.backup_steps, migration.migrate(rollout))
        return _release(rollout, before_start=forward), ()
    return _release(rollout), (SkippedStep("Back up the database", NO_BACKUP),)


def _release(rollout: Rollout, *, in_maintenance: bool = False, before_start: tuple[Step, ...] = ()) -> list[Step]:
    """The earlier release alongside the live one, and the traffic to it."""
    switched = rollout
    if in_maintenance:  # undoing the switch leads back to the maintenance page, which has an undo of its own
        page = restore_steps.maintenance_page(rollout.environment, rollout.live_colour or "blue")
        switched = replace(rollout, deployed=replace(rollout.deployed, upstreams_text=page))
    return [
        *rollback_steps.files(rollout),
        *rollback_steps.start_data_services(rollout.environment),
        *before_start,
        cutover_steps.start_idle_colour(rollout),
        verification_steps.internal_gate(rollout, page=False),
        cutover_steps.switch(switched),
        verification_steps.external_gate(rollout, page=False),
    ]


def _downgrade_online(rollout: Rollout, data: DataRollback) -> list[Step]:
    """The earlier code works on both schemas: it takes over first, and users do not notice the downgrade."""
    environment, live = rollout.environment, rollout.live_colour
    final = replace(rollout, target=data.final_target(rollout.target))
    verify = replace(verification_steps.external_gate(final, page=False), key=StepKey.GATE_SCHEMA,
                     title="Verify the release on the older schema")
    return [
        *_release(rollout),
        *([rollback_steps.stop_newer_backend(environment, live)] if live else []),
        rollback_steps.downgrade(rollout, data.schema),
        verify,
    ]


def _downgrade_in_maintenance(rollout: Rollout, data: DataRollback) -> list[Step]:
    """Neither code works on the other's schema: the API is in maintenance mode while the schema changes."""
    environment, live = rollout.environment, rollout.live_colour or "blue"
    return list(in_maintenance(rollout.environment, [
        restore_steps.maintenance_on(environment, live),
        restore_steps.stop_writers(environment, live),
        rollback_steps.downgrade(rollout, data.schema),
        *cache_steps.flush_cache(environment),
        *_release(replace(rollout, target=data.final_target(rollout.target)), in_maintenance=True),
    ]))


def _with_restore(rollout: Rollout, data: DataRollback, backup: Backup) -> tuple[list[Step], tuple[SkippedStep, ...]]:
    """The backup is loaded and compared while users work; the release starts on it during maintenance."""
    environment, live = rollout.environment, rollout.live_colour or "blue"
    resumed = data.databases is not None and data.databases.interrupted is not None
    prepared, skipped = preparation(environment, backup, data.pre_rollback_backup, resumed=resumed)
    migrate = () if rollout.migrated else (migration.migrate(rollout),)
    wanted = [
        *prepared,
        *in_maintenance(rollout.environment, [
            restore_steps.maintenance_on(environment, live),
            *swap_databases(environment, backup, live),
            *_release(rollout, in_maintenance=True, before_start=migrate),
        ]),
        restore_steps.commit_restore(environment, backup),
    ]
    return wanted, (*skipped, *cache_steps.no_cache(environment))
