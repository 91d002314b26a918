"""A release that runs and was never recorded: its files are lost, or it was started by hand. It is recorded first.

From then on it is a release like any other: what this deployment returns to, and what 22 Rollback offers later.
"""

from __future__ import annotations

from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.core.plan import Action, Step
from runbook_lib.platform.facts.releases import UPSTREAMS
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.release.plans.cutover_steps import record_line

FOUND = "found running: no run of the runbooks had recorded it"


def record_running(rollout: Rollout) -> tuple[Step, ...]:
    """Write again what is lost, as the containers show it, and the missing line of the release history; else no step.

    It has no undo: it says what is so.
    """
    deployed = rollout.deployed
    texts = {rollout.environment.compose.variables_file: deployed.env_text, UPSTREAMS: deployed.upstreams_text}
    actions: list[Action] = [WriteFile(rollout.path(name), text) for name in deployed.lost if (text := texts[name])]
    commit = deployed.live_commit
    if commit and deployed.lost and not any(release.commit == commit for release in deployed.releases):
        actions.append(_append(rollout, commit))
    if not actions:
        return ()
    return (Step(StepKey.RECORD_RUNNING, "Record the release that runs already", tuple(actions),
                 why="the server's own files about it are lost; Docker shows what runs, and an undo returns to it"),)


def _append(rollout: Rollout, commit: str) -> Command:
    record = {"commit": commit, "version": rollout.deployed.live_version or commit[:12], "colour": rollout.live_colour,
              "schema_revision": rollout.target.schema_now}
    return record_line(rollout, record, FOUND)
