"""Steps that bring a release to its users: start its colour, switch the traffic, record it, stop the old colour.

Every undo is safe whether the step was done, half done or not done at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from runbook_lib.core import programs
from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.core.plan import Action, Step
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.traffic import cutover_marker
from runbook_lib.platform.plans.compose import compose, compose_up, remove_services
from runbook_lib.platform.plans.expected_alerts import while_data_are_away
from runbook_lib.platform.plans.nginx import reload_if_running, reload_nginx, test_configuration, wait_until_drained
from runbook_lib.platform.plans.release_files import env_file, exemptions_file, upstreams_file
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.release.plans.service_steps import outage_of

UPSTREAMS = ".runbook/upstreams/active.conf"
EXEMPTIONS = ".runbook/upstreams/rate_limit_exempt.conf"
DRAIN_S = 3  # for requests in progress, where a proxy is made anew
APPEND_RELEASE = programs.text("release/append_release.sh")


def start_idle_colour(rollout: Rollout) -> Step:
    """New containers in any case: stopped ones may belong to networks that a manual `down` removed."""
    environment, colour = rollout.environment, rollout.colour
    return Step(
        StepKey.START,
        f"Start {rollout.target.version} as {colour}",
        (compose_up(environment, *rollout.services, recreate=True),),
        undo=(wait_until_drained(environment), remove_services(environment, *rollout.services)),
        why="alongside the live colour; no traffic yet",
        undo_best_effort=True,
    )


def switch(rollout: Rollout) -> Step:
    """nginx's upstreams name the target's colour, then `.env` does. Undone: nginx reads what the upstreams were.

    `.env` and the release's files are put back before, by the undo of the steps that wrote them.
    """
    environment, colour = rollout.environment, rollout.colour
    proxy = environment.proxy_service
    anew = rollout.live_colour is not None and proxy in (rollout.renewed or ())
    perhaps = not anew and rollout.live_colour is not None and _has_secret(rollout)
    when = ", where its secret has changed" if perhaps else ""
    outage = f", with a new {proxy}{when} (expected outage: {outage_of(environment, proxy)} s)" if when or anew else ""
    why = "one file replaced by rename, then a reload: requests in progress finish on the old colour"
    return Step(
        StepKey.SWITCH,
        f"Switch traffic to {colour}{outage}",
        (
            WriteFile(rollout.path(EXEMPTIONS), exemptions_file(environment)),
            WriteFile(rollout.path(UPSTREAMS), upstreams_file(environment, colour)),
            _proxy_up(rollout),
            # nginx reads the file before it is asked to use it: a reload with a broken one would only be logged
            test_configuration(environment),
            cutover_marker(environment, rollout.live_colour),
            reload_nginx(environment),
            WriteFile(rollout.path(rollout.environment.compose.variables_file), env_file(rollout, live=colour)),
        ),
        undo=_switch_back(rollout),
        why=f"the release changes {proxy}'s image or definition, and two cannot hold one port" if anew else why,
        expected_alerts=while_data_are_away(proxy) if anew or perhaps else (),
    )


def stop_idle_colour(environment: Environment, colour: str) -> Step:
    """Stop a colour that has no traffic. It has nothing to undo: the live release is recorded by then."""
    services = environment.slot(colour)
    return Step(
        StepKey.STOP_OLD_COLOUR,
        f"Stop {colour} (kept for rollback)",
        (wait_until_drained(environment), compose(environment, "stop", *services, profiles=(colour,))),
        why="nginx's old workers finish first; stopped, not removed: a rollback is then a start and a switch",
    )


def commit_release(rollout: Rollout, *, compatible_with: str | None = None, rolled_back_from: str = "") -> Step:
    """Append the release to the record; `compatible_with` is the commit that was tested on the new schema.

    `rolled_back_from` is the commit that a rollback takes from the users; empty for a deployment.
    """
    record = {
        "commit": rollout.target.commit,
        "version": rollout.target.version,
        "colour": rollout.colour,
        "schema_revision": rollout.target.schema_expected,
        **({"compatible_with": compatible_with} if compatible_with else {}),
        **({"rolled_back_from": rolled_back_from} if rolled_back_from else {}),
    }
    return Step(StepKey.COMMIT_RELEASE, "Write the release record",
                (record_line(rollout, record, rollout.choices.reason),))


def record_line(rollout: Rollout, line: Mapping[str, object], reason: str) -> Command:
    """The command that appends a line to the release history; its times and its run come from the server."""
    paths = (rollout.path(".runbook/releases.jsonl"), rollout.path(".runbook/lock.json"))
    # who and why come from standard input: in the plan they would give it another hash for every operator
    append = ("sh", "-ec", APPEND_RELEASE, "append-release", *paths, rollout.environment.project, json.dumps(line))
    who = json.dumps({"by": rollout.choices.operator, "reason": reason}) + "\n"
    return Command(append, stdin=who, stdin_is_attribution=True)


def _proxy_up(rollout: Rollout) -> Command:
    """A new container only where the plan shows it: Compose up to 2.26 at least also makes one anew that was started
    together with what it depends on, which costs an outage and changes nothing.
    """
    proxy, renewed = rollout.environment.proxy_service, rollout.renewed
    if renewed is not None and proxy not in renewed and not _has_secret(rollout):
        return compose_up(rollout.environment, proxy, recreate=False)
    # it takes no new request while it waits for the last ones, which took 12 s on a quiet lab
    return compose_up(rollout.environment, proxy, stop_s=None if renewed is None else DRAIN_S)


def _has_secret(rollout: Rollout) -> bool:
    """Whether the proxy needs one. What is made anew was asked before the new ones are delivered."""
    secrets, proxy = rollout.environment.secrets.values(), rollout.environment.proxy_service
    return any(one.side == "server" and proxy in one.needed_by for one in secrets)


def _switch_back(rollout: Rollout) -> tuple[Action, ...]:
    environment, upstreams, previous = rollout.environment, rollout.path(UPSTREAMS), rollout.deployed.upstreams_text
    proxy = environment.proxy_service
    if previous is None:  # the first deployment: nginx goes before the file that it cannot do without
        return (remove_services(environment, proxy), Command(("rm", "-f", upstreams)))
    # users first; a container that the release made anew, or that its files have stopped, follows
    return (WriteFile(upstreams, previous), reload_if_running(environment), _proxy_up(rollout))
