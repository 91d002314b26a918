"""An interrupted cutover: the upstream file names one colour, `.env` another, and nginx may follow either.

The plan trusts the upstream file for where the traffic goes, and builds in the other colour. A run that was killed
between writing that file and reloading nginx would make it wrong: the "idle" colour still gets the traffic.
"""

from __future__ import annotations

from runbook_lib.core.plan import Step
from runbook_lib.platform.plans.nginx import REFUSED, reload_if_running, wait_until_drained
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.platform.plans.step_keys import StepKey


def finish_cutover(rollout: Rollout) -> tuple[Step, ...]:
    """Make nginx follow its upstream file before the other colour is touched; empty when no cutover was interrupted."""
    colour = rollout.live_colour
    if colour is None or colour in rollout.deployed.variables.get("COMPOSE_PROFILES", "").split(","):
        return ()
    # a killed run may have left files that nginx refuses: it then goes on with the configuration it has, and a release
    # with good files must still be able to follow
    environment = rollout.environment
    reload = reload_if_running(environment, accepts=(0, REFUSED))
    return (
        Step(
            StepKey.FINISH_CUTOVER,
            f"Finish the interrupted cutover to {colour}",
            (reload, wait_until_drained(environment)),
            why="a run ended between writing the upstream file and reloading nginx; the other colour may still have "
            "users",
        ),
    )
