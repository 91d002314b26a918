"""Bringing the schema forward, in a one-off container of the new image."""

from __future__ import annotations

from runbook_lib.core.plan import Step
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import Target, idle_colour
from runbook_lib.platform.plans.compose import compose


def migrate(environment: Environment, deployed: Deployed, target: Target) -> Step:
    """Run the new image's migrations while the old code serves. Not undone: the old code runs on the new schema."""
    service = f"backend-{idle_colour(deployed)}"
    alembic = ("alembic", "-x", "lock_timeout=5s", "upgrade", target.schema_head)
    return Step(
        "migrate",
        "Migrate the database",
        (compose(environment, "run", "--rm", "--no-deps", "-T", service, *alembic, timeout_s=600),),
        why="in a one-off container of the new image; gives up after 5 s of waiting for a lock. A failed migration is "
        "one transaction and leaves nothing; a finished one stays, because the old code runs on the new schema",
    )
