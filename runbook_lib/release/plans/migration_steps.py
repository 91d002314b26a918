"""A release that changes the schema: can it be rolled back?

The live code goes on running on the new schema, while the new release is verified and after a rollback. So it is tested
on a copy first. Who accepts that it does not work there gets the migration, and no automatic rollback from then on.
"""

from __future__ import annotations

from dataclasses import replace

from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Plan, Step
from runbook_lib.environment import Environment
from runbook_lib.platform.plans import migration
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.release.checks.compatibility import judge_compatibility
from runbook_lib.release.checks.kept_rows import migration_kept_rows
from runbook_lib.release.facts.compatibility import live_code_on_new_schema
from runbook_lib.release.facts.kept_rows import DEADLINE_S, rows_kept


def irreversible(plan: Plan) -> Plan:
    """The plan of a deployment whose migration was accepted as one that the live code does not work with."""
    if not any(step.key == StepKey.MIGRATE for step in plan.steps):
        return plan
    return replace(
        plan,
        point_of_no_return=StepKey.MIGRATE,
        irreversible_reason='the migration has run, and breaking_migration = "accept" means that the previous code may '
        "not work on the new schema. The new schema stays.",
        irreversible_hint="Choose: fix the release and deploy it forward (20 Deploy; the fastest when the fault is "
        'known); or roll back with 22 Rollback and decide what happens to the data: database = "downgrade" reverses '
        'the migration, database = "restore" restores the backup that this run took first.',
    )


def check_compatibility(rollout: Rollout) -> Step:
    """Right before the migration, when the release's image is there. One probe: a copy does not change by waiting."""
    gate = Gate(
        "the live code on a copy of the new schema",
        (live_code_on_new_schema(rollout.environment, rollout.target.commit, rollout.live_colour or ""),),
        judge_compatibility,
        success_threshold=1,
        interval_s=600,
        deadline_s=600,
        failure_threshold=1,
    )
    return Step(
        StepKey.COMPATIBILITY_CHECK,
        "Test the live code on the new schema",
        (gate,),
        why="on a copy without network or rows: the live code runs on the new schema until the switch, and again after "
        "a rollback",
    )


def migrate(rollout: Rollout) -> Step:
    """The migration; where users have rows already, what it left of them is compared with the backup before it."""
    step = migration.migrate(rollout)
    if rollout.live_colour is None:
        return step
    return replace(step, actions=(*step.actions, kept_rows(rollout.environment)))


def kept_rows(environment: Environment) -> Gate:
    """Reported, and nothing is undone for it: the migration is over, and it may be meant to remove rows."""
    return Gate("rows after the migration", (rows_kept(environment),), migration_kept_rows, success_threshold=1,
                interval_s=1.0, deadline_s=DEADLINE_S)


def skip_reason(rollout: Rollout) -> str:
    """Why the live code need not be tested; empty when it must be."""
    if rollout.migrated:
        return "there is nothing to migrate"
    if rollout.live_colour is None:
        return "no release is live yet"
    if rollout.choices.breaking_migration == "accept":
        return 'breaking_migration = "accept": no automatic rollback once the migration has run'
    return ""
