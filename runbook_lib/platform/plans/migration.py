"""Bringing the schema forward, in a one-off container of the new image."""

from __future__ import annotations

from runbook_lib.core.plan import Step
from runbook_lib.platform.plans.compose import compose
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.platform.plans.step_keys import StepKey

# A migration that waits for a lock makes every later query on that table wait behind it.
LOCK_TIMEOUT = "lock_timeout=5s"


def migrate(rollout: Rollout) -> Step:
    """Run the new image's migrations while the live code runs. No undo: the live code works on the new schema too."""
    alembic = ("alembic", "-x", LOCK_TIMEOUT, "upgrade", rollout.target.schema_head)
    one_off = ("run", "--rm", "--no-deps", "-T", f"backend-{rollout.colour}")
    return Step(
        StepKey.MIGRATE,
        "Migrate the database",
        (compose(rollout.environment, *one_off, *alembic, timeout_s=600),),
        why="in a one-off container of the new image; gives up after waiting 5 s for a lock. A failed migration is one "
        "transaction and leaves nothing; a finished one stays, because the live code works on the new schema",
    )
