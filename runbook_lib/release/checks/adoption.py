"""May the runbooks deploy here? Not an application that they do not know how to bring back. Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, finding
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.by_hand import BY_HAND, NOT_YET
from runbook_lib.platform.facts.releases import Deployed

CHECK = "the runbooks can deploy here"
EXPECTED = "the strategy blue-green, and a release that a runbook has deployed or none at all"


def can_be_deployed(environment: Environment, deployed: Deployed) -> Finding:
    """Whether releases are deployed and rolled back here: not with the strategy recreate, not over what others run."""
    if deployed.by_hand:
        return by_the_runbooks(deployed, CHECK)
    return finding(CHECK, not environment.release.replaced, measured=f"the strategy {environment.release.strategy}",
                   expected=EXPECTED, next_step=NOT_YET)


def by_the_runbooks(deployed: Deployed, check: str) -> Finding:
    """The finding for an application that runs and that no runbook has deployed."""
    return finding(check, False, measured=f"{BY_HAND}: {', '.join(deployed.by_hand)}", expected=EXPECTED,
                   next_step=NOT_YET)
