"""The watch of 21 Verify: what is probed, how often, and for how long."""

from __future__ import annotations

from runbook_lib.core.gates import Gate
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import survey_containers
from runbook_lib.platform.facts.endpoints import survey_endpoints
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.release.checks.watch import judge_probe
from runbook_lib.release.facts.repository import ReleaseTree
from runbook_lib.release.facts.returned_release import missing_after_rollback, services_it_lacks


def plan_watch(environment: Environment, release: Release, duration_s: float | None = None,
               deployed: Deployed | None = None, tree: ReleaseTree | None = None) -> Gate:
    """What a watch of a live release probes, how often and how long, in seconds; None: as the environment says.

    With `deployed`, what an earlier release cannot know is a warning, where a rollback returned to it. With its
    `tree`, a service that only a later release has is not expected.
    """
    return Gate(
        f"watch {release.version}",
        (survey_containers(environment), survey_endpoints(environment)),
        judge_probe(environment, release, missing_after_rollback(deployed, release) if deployed else None,
                    services_it_lacks(environment, release, tree)),
        interval_s=environment.watch.interval_s,
        deadline_s=environment.watch.duration_s if duration_s is None else duration_s,
    )
