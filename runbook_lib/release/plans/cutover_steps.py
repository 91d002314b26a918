"""Steps that bring a release to its users: start its colour, switch the traffic, record it, stop the old colour.

Every undo is safe whether the step was done, half done or not done at all.
"""

from __future__ import annotations

import json

from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.core.plan import Action, Step
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.traffic import cutover_marker
from runbook_lib.platform.plans.compose import ABSENT_IS_FINE, compose, compose_up
from runbook_lib.platform.plans.nginx import reload_nginx, wait_until_drained
from runbook_lib.platform.plans.release_files import env_file, exemptions_file, upstreams_file
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.platform.plans.step_keys import StepKey

UPSTREAMS = ".runbook/upstreams/active.conf"
EXEMPTIONS = ".runbook/upstreams/rate_limit_exempt.conf"
# Time and run id come from the server's clock and lock: in the plan they would give every plan another hash. The first
# character of the record, its opening brace, is removed: the line begins with the two.
APPEND_RELEASE = r"""
run=$(sed -n 's/.*"run_id": *"\([A-Za-z0-9-]*\)".*/\1/p' "$2")
at=$(date -u +%Y-%m-%dT%H:%M:%S+00:00)
printf '{"at": "%s", "run_id": "%s", %s\n' "$at" "$run" "${3#?}" >> "$1" && sync "$1"
"""


def start_idle_colour(rollout: Rollout) -> Step:
    """New containers in any case: stopped ones may belong to networks that a manual `down` removed."""
    environment, colour = rollout.environment, rollout.colour
    return Step(
        StepKey.START,
        f"Start {rollout.target.version} as {colour}",
        (compose_up(environment, *rollout.services, recreate=True),),
        undo=(
            wait_until_drained(environment),
            compose(environment, "rm", "--stop", "--force", *rollout.services, profiles=(colour,),
                    accepts=ABSENT_IS_FINE),
        ),
        why="alongside the live colour; no traffic yet",
        undo_best_effort=True,
    )


def switch(rollout: Rollout) -> Step:
    """nginx's upstreams name the target's colour, then `.env` does. Undone in the same order."""
    environment, colour = rollout.environment, rollout.colour
    return Step(
        StepKey.SWITCH,
        f"Switch traffic to {colour}",
        (
            WriteFile(rollout.path(EXEMPTIONS), exemptions_file(environment)),
            WriteFile(rollout.path(UPSTREAMS), upstreams_file(colour)),
            compose_up(environment, "nginx"),
            # nginx reads the file before it is asked to use it: a reload with a broken one would only be logged
            compose(environment, "exec", "-T", "nginx", "nginx", "-t", "-q"),
            cutover_marker(environment, rollout.live_colour),
            reload_nginx(environment),
            WriteFile(rollout.path(".env"), env_file(rollout, live=colour)),
        ),
        undo=_switch_back(rollout),
        why="one file replaced by rename, then a reload: requests in progress finish on the old colour",
    )


def stop_idle_colour(environment: Environment, colour: str) -> Step:
    """Stop a colour that has no traffic. It has nothing to undo: the live release is recorded by then."""
    services = (f"backend-{colour}", f"frontend-{colour}")
    return Step(
        StepKey.STOP_OLD_COLOUR,
        f"Stop {colour} (kept for rollback)",
        (wait_until_drained(environment), compose(environment, "stop", *services, profiles=(colour,))),
        why="nginx's old workers finish first; stopped, not removed: a rollback is then a start and a switch",
    )


def commit_release(rollout: Rollout, *, compatible_with: str | None = None) -> Step:
    """Append the release to the record; `compatible_with` is the commit that was tested on the new schema."""
    record = {
        "commit": rollout.target.commit,
        "version": rollout.target.version,
        "colour": rollout.colour,
        "schema_revision": rollout.target.schema_expected,
        "by": rollout.choices.operator,
        "reason": rollout.choices.reason,
        **({"compatible_with": compatible_with} if compatible_with else {}),
    }
    paths = (rollout.path(".runbook/releases.jsonl"), rollout.path(".runbook/lock.json"))
    append = ("sh", "-ec", APPEND_RELEASE, "append-release", *paths, json.dumps(record))
    return Step(StepKey.COMMIT_RELEASE, "Write the release record", (Command(append),))


def _switch_back(rollout: Rollout) -> tuple[Action, ...]:
    environment, deployed = rollout.environment, rollout.deployed
    upstreams = rollout.path(UPSTREAMS)
    if deployed.upstreams_text is None:  # the first deployment: nginx goes before the file that it cannot do without
        return (compose(environment, "rm", "--stop", "--force", "nginx", accepts=ABSENT_IS_FINE),
                Command(("rm", "-f", upstreams)))
    undo: tuple[Action, ...] = (WriteFile(upstreams, deployed.upstreams_text), reload_nginx(environment))
    if deployed.env_text is not None:
        live = rollout.live_colour or rollout.colour
        undo = (*undo, WriteFile(rollout.path(".env"), env_file(rollout, live=live)))
    return undo
