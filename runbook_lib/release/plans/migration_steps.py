"""A release that changes the schema: is there a way back from it?

The old code goes on running on the new schema, while the new one is looked at and after a rollback. So it is tried on a
copy first; who accepts that it cannot gets the migration, and no automatic way back from there on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Plan, Step
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import Target
from runbook_lib.release.checks.compatibility import judge_compatibility
from runbook_lib.release.facts.compatibility import compatibility_of

BreakingMigration = Literal["refuse", "accept"]
OLD_CODE_TITLE = "Try the live code on the new schema"


def irreversible(plan: Plan) -> Plan:
    """The plan of a deployment whose migration was accepted as one that the old code cannot live with."""
    if not any(step.key == "migrate" for step in plan.steps):
        return plan
    return replace(
        plan,
        point_of_no_return="migrate",
        irreversible_reason='the migration has run, and breaking_migration = "accept" said that the old code may not '
        "work on the new schema. The new schema stays.",
        irreversible_hint="Choose: mend the release and deploy it forward (20 Deploy; the fastest when the fault is "
        'known); or go back with 22 Rollback and say what becomes of the data: database = "downgrade" reverses the '
        'migration, database = "restore" brings back the backup that this run took first.',
    )


def try_old_code(environment: Environment, deployed: Deployed, target: Target) -> Step:
    """Right before the migration, when the release's image is there: one look, because a copy does not change."""
    gate = Gate(
        "the live code on a copy of the new schema",
        (compatibility_of(environment, target.commit, deployed.live_colour or ""),),
        judge_compatibility,
        success_threshold=1,
        interval_s=600,
        deadline_s=600,
        failure_threshold=1,
    )
    return Step(
        "compatibility-check",
        OLD_CODE_TITLE,
        (gate,),
        why="on a copy without network or rows: the old code serves until the switch, and again after a rollback",
    )


def skip_reason(deployed: Deployed, target: Target, breaking_migration: str) -> str:
    """Why the old code need not be tried; empty when it must be."""
    if target.schema_now == target.schema_expected:
        return "there is nothing to migrate"
    if deployed.live_colour is None:
        return "no release is live yet"
    if breaking_migration == "accept":
        return 'breaking_migration = "accept": nothing is undone by itself once the migration has run'
    return ""
