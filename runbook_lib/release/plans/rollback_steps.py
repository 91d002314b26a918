"""The steps that only a rollback has: reversing migrations, and the files and services that users need first."""

from __future__ import annotations

from dataclasses import replace

from runbook_lib.core.commands import Command
from runbook_lib.core.plan import Step
from runbook_lib.environment import Environment
from runbook_lib.platform.plans.compose import compose, compose_up, once_settled
from runbook_lib.platform.plans.migration import alembic, stop_migration
from runbook_lib.platform.plans.nginx import wait_until_drained
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.release.facts.schema_rollback import SchemaRollback
from runbook_lib.release.plans import configuration_steps


def files(rollout: Rollout) -> tuple[Step, Step]:
    """Checkout and `.env` of the earlier release."""
    return configuration_steps.check_out(rollout), configuration_steps.configure(rollout)


def start_data_services(environment: Environment) -> tuple[Step, ...]:
    """Database and cache only, where they do not run: what users need. Undone: as the files before had them."""
    if not environment.data_services:
        return ()
    return (Step(
        StepKey.START_INFRASTRUCTURE,
        "Start the data services",
        (compose_up(environment, *environment.data_services, recreate=False),),
        undo=(once_settled(compose_up(environment, *environment.data_services, wait=False)),),
        # the undos before this one do not depend on it, and the release that is returned to may itself be broken
        undo_best_effort=True,
        why="what users need, and no more: monitoring follows once they are served",
    ),)


def start_monitoring(environment: Environment) -> tuple[Step, ...]:
    """Monitoring as the earlier release has it, where there is any. Its failure must not undo a live release."""
    services = [one for one in configuration_steps.infrastructure_services(environment)
                if one not in environment.data_services]
    if not services:
        return ()
    return (Step(
        StepKey.START_MONITORING,
        "Start the monitoring services",
        (replace(compose_up(environment, *services), accepts=(0, 1)),),
        why="after users are served; 21 Verify shows a service that does not start",
    ),)


def downgrade(rollout: Rollout, schema: SchemaRollback) -> Step:
    """Reverse migrations by the image that has them. Undone: they run again; what they deleted stays deleted."""
    deleted = f"; it deletes: {', '.join(schema.destructive_operations)}" if schema.destructive_operations else ""
    return Step(
        StepKey.DOWNGRADE,
        f"Downgrade the schema from {schema.schema_now} to {schema.schema_of_code}",
        (_alembic(rollout, schema, "downgrade", schema.schema_of_code),),
        undo=(stop_migration(rollout.environment), _alembic(rollout, schema, "upgrade", schema.schema_now or "head"),),
        why=f"by the image of {(schema.migration_image or '')[:12]}, one transaction, 5 s for a lock{deleted}",
    )


def stop_newer_backend(environment: Environment, colour: str) -> Step:
    """The newer code must not run on the older schema. Undone: it is started again before the traffic returns."""
    services = environment.writers_of(colour)
    return Step(
        StepKey.STOP_WRITERS,
        f"Stop the backend of {colour}",
        (wait_until_drained(environment), compose(environment, "stop", *services, profiles=(colour,))),
        undo=(compose_up(environment, *services, profiles=(colour,)),),
        why="it has no traffic any more, and does not work on the older schema",
    )


def _alembic(rollout: Rollout, schema: SchemaRollback, *words: str) -> Command:
    """A one-off container of the image that has the migrations; `upgrade` is safe where nothing was downgraded."""
    return alembic(rollout.environment, rollout.live_colour or "blue", *words, commit=schema.migration_image or "none")
