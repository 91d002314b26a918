"""How long stopping an execution may take: the running job, every undo at its own limit, and the check after them."""

from __future__ import annotations

from runbook_lib.core.plan import Plan
from runbook_lib.execution.undo import BRIEF_CHECK_S, SETTLE_S

JOB_S = 180.0  # until a job that is to be stopped has ended and its output is read, over a link that is slow to return
BETWEEN_S = 10.0  # until the server itself has ended an action that ran into its limit
SEAL_S = 60.0  # for journal, reports and manifest


def stop_limit_s(plan: Plan) -> float:
    """The longest that stopping this plan in the middle of its steps can take, in seconds, undo and seal included.

    Every undo ends by its own time limit, on the server too, so the sum is a limit and not a guess.
    """
    if not plan.undo_on_failure:
        return JOB_S + SEAL_S
    limits = [action.timeout_s + BETWEEN_S for step in plan.steps for action in step.undone_by]
    ready_s = plan.undo_ready.timeout_s if plan.undo_ready else 0.0
    # an engine that comes back late is waited for, and the undo that met it is tried once more
    again_s = ready_s + SETTLE_S + max(limits, default=0.0) if plan.undo_ready else 0.0
    check_s = BRIEF_CHECK_S + plan.rollback_check.timeout_s if plan.rollback_check else 0.0
    return JOB_S + ready_s + sum(limits) + again_s + check_s + SEAL_S
