"""A switch that died half-way: the upstream file names one colour, `.env` another, and nginx may obey either.

The plan takes the upstream file's word for where the traffic goes, and builds in the other colour. A run that was
killed between writing that file and reloading nginx would make the word untrue: the "idle" colour still serves.
"""

from __future__ import annotations

from dataclasses import replace

from runbook_lib.core.plan import Step
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.plans.compose import ABSENT_IS_FINE
from runbook_lib.platform.plans.nginx import reload_nginx, wait_until_drained


def finish_cutover(environment: Environment, deployed: Deployed) -> tuple[Step, ...]:
    """Make nginx obey its upstream file before anything is done to the other colour; empty when no switch was cut."""
    colour = deployed.live_colour
    if colour is None or colour in deployed.variables.get("COMPOSE_PROFILES", "").split(","):
        return ()
    # nginx refuses by itself what it cannot load, and then goes on as before
    reload = replace(reload_nginx(environment), accepts=ABSENT_IS_FINE)
    return (
        Step(
            "finish-cutover",
            f"Finish the switch to {colour} that was cut",
            (reload, wait_until_drained(environment)),
            why="a run died between naming the colour and reloading nginx; the other one may have its users still",
        ),
    )
