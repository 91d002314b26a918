"""The deployment of a release that replaces the previous one's containers: the same order, and one short outage.

What runs by hand is recorded first. Images are built before anything is stopped, the containers are made anew by one
file of ours, and the previous images are what an undo returns to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from runbook_lib.core.commands import Command
from runbook_lib.core.gates import Gate
from runbook_lib.core.operation_names import DEPLOY
from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.platform.checks.container_health import healthy_but, unchecked_services
from runbook_lib.platform.facts.known_state import current_state
from runbook_lib.platform.plans import verification
from runbook_lib.platform.plans.compose import compose_up
from runbook_lib.platform.plans.leftovers import CANDIDATE, MIGRATION
from runbook_lib.platform.plans.nginx import start_proxy, try_proxy
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.release.facts.health_timing import first_answer
from runbook_lib.release.facts.repository import ReleaseTree
from runbook_lib.release.facts.rollback_targets import back_to, is_live_on
from runbook_lib.release.plans import build_steps
from runbook_lib.release.plans.candidate import candidate_steps
from runbook_lib.release.plans.interrupted_replacement import check_out, finish_interrupted
from runbook_lib.release.plans.replace_gates import (
    Measured,
    measured_of,
    outage_begins,
    outage_ends,
    outside_gate,
    previous_answers,
    watch_replaced,
    writes_before,
)
from runbook_lib.release.plans.replace_images import image_steps
from runbook_lib.release.plans.replace_jobs import job_images, job_steps
from runbook_lib.release.plans.replace_migrations import irreversible, migration_steps, migrations_gate, with_schema
from runbook_lib.release.plans.replacement import (
    Replacement,
    adopt_running,
    record_release,
    replace_containers,
    replacement_of,
    write_override,
)

# git's own list for one clone: no file of the application is changed
EXCLUDE = r"""
cd "$1" && file=$(git rev-parse --git-path info/exclude) && mkdir -p "$(dirname "$file")"
grep -qxF .runbook/ "$file" 2>/dev/null || echo .runbook/ >>"$file"
"""
SCHEMA_STAYS = "A schema that the release brought up to date stays: the previous images run on it."
DEPLOY_AGAIN = "Fix the release and deploy again. Run 21 Verify to check what is live."
SCHEMA_MAY_BE_NEWER = ("Where the previous release does not work on the schema that the new one left, "
                       "32 Restore the database brings back the backup that this run took first.")


def plan_replacement(rollout: Rollout, backup: Plan, tree: ReleaseTree | None) -> Plan:
    """The steps from what runs to the target of a rollout; none, with the reason, when that runs already.

    `backup` is the plan of a verified backup; `tree` is the inspected release, whose Compose file says what is built.
    """
    change = replacement_of(rollout)
    if is_replaced(change):
        target = rollout.target
        return Plan(f"{DEPLOY} {target.version}", rollout.environment.name, facts=_facts(rollout),
                    reason=f"already at {target.commit[:12]} ({target.version}): recorded, running, {_health(rollout)}")
    compose, measured = tree.sources.compose if tree else None, measured_of(change)
    services = compose.services if compose else {}
    migrations, not_migrated = migration_steps(change, measured, tree)
    # a migration of an earlier run is waited for by the first step that has such a container
    jobs = job_steps(change, measured)
    waited_for = migrations or jobs
    steps, skipped = _before(change, backup, services, (CANDIDATE,) if waited_for else (CANDIDATE, MIGRATION))
    whole = _whole(change)
    gates = migrations_gate(change, tree)
    candidates, not_tried = candidate_steps(change, measured, tree)
    steps += [write_override(change), *migrations, *jobs, *candidates,
              *from_the_replacement_on(change, measured, expected_outage(change, services), gates)]
    made = replace(whole, steps=tuple(steps), skipped=(*skipped, *not_migrated, *not_tried),
                   rollback_check=with_schema(change, tree, previous_answers(change, measured)))
    return irreversible(change, made)


def from_the_replacement_on(change: Replacement, measured: Measured, outage: str,
                            gates: tuple[Gate, ...] = ()) -> list[Step]:
    """What users notice, and how it is verified and recorded; `gates` are verified with it."""
    first = (writes_before(measured),) if change.rollout.has_database else ()
    outside = outside_gate(change, measured)
    rules = change.rollout.environment.migrations
    # where a step migrates, it says so itself
    stays = SCHEMA_STAYS if change.rollout.has_database and (rules is None or rules.at_start) else ""
    replaced = replace_containers(change, outage, (*first, outage_begins(measured)))
    return [replace(replaced, undone_note=stays), *start_proxy(change.rollout.environment, change.rollout.containers),
            replace(outside, actions=(*gates, *outside.actions)), watch_replaced(change, measured),
            record_release(change, (outage_ends(measured),))]


def _health(rollout: Rollout) -> str:
    return healthy_but(unchecked_services(rollout.containers, rollout.environment.running_services("")))


def is_replaced(change: Replacement, *, recorded: bool = True) -> bool:
    """Whether nothing is left to do: the target's images run, healthy, the checkout and the record agree.

    With `recorded` False: nothing but the record, which a run did not come to write.
    """
    rollout = change.rollout
    state, target = rollout.deployed.replaced, rollout.target
    if state is None or state.by_hand or state.unsettled or state.override_text is None:
        return False
    last = rollout.deployed.releases[-1] if rollout.deployed.releases else None
    known = last is not None and last.commit == target.commit and dict(last.images) == dict(change.images)
    healthy = {one.service for one in rollout.containers if one.is_healthy}
    return (known == recorded and state.override_text == change.override and rollout.deployed.head == target.commit
            and set(rollout.environment.running_services("")) <= healthy)


def check_out_kept(change: Replacement) -> Step:
    """The checkout at the target, its local changes kept. Undone: at the previous release's commit."""
    rollout = change.rollout
    before = change.previous.commit if change.previous else rollout.deployed.head
    return Step(StepKey.CHECK_OUT, "Check out the commit", (check_out(rollout, rollout.target.commit),),
                undo_files=(check_out(rollout, before),) if before else (),
                why="the Compose file belongs to the release; local changes of other files stay as they are")


def expected_outage(change: Replacement, services: Mapping[str, Mapping[str, Any]] | None = None) -> str:
    """What users notice of the replacement, in words; `services` as Compose reads them say how long its parts take."""
    names = " and ".join(change.services)
    limit_s = change.rollout.environment.limits.up_wait_s
    waits = "; ".join(_waits(name, (services or {})[name]) for name in change.services if name in (services or {}))
    return (f"an outage for users of {names}, from the stop of the old container until the new one is healthy"
            f"{f' ({waits})' if waits else ''}. Not healthy within {limit_s} s, it is undone, "
            "and the outage lasts until the earlier one has started. Measured below")


def _waits(name: str, service: Mapping[str, Any]) -> str:
    # Docker's own figure where the file names none. Source: Compose file reference, stop_grace_period
    stop = f"{name} has {service.get('stop_grace_period', '10s')} to stop"
    first = first_answer(service)
    return f"{stop} and is first asked for its health after {first}, which the step waits for" if first else stop


def _before(change: Replacement, backup: Plan, services: Mapping[str, Mapping[str, Any]],
            leftovers: tuple[str, ...]) -> tuple[list[Step], list[SkippedStep]]:
    """Everything that users do not notice, and what of it the server does not need."""
    rollout = change.rollout
    wanted: list[Step] = [_record_state(rollout, leftovers), *finish_interrupted(change), *adopt_running(change),
                          *try_proxy(rollout.environment)]
    skipped: list[SkippedStep] = []
    if rollout.has_database:
        wanted.extend(backup.steps)
    else:
        reason = rollout.environment.no_database_reason or "first deployment: there is no database yet"
        skipped.append(SkippedStep("Back up the database", reason))
    wanted.append(build_steps.fetch(rollout))
    made, there = image_steps(change, services, job_images(change))
    wanted += made
    skipped += there
    wanted.append(check_out_kept(change))
    wanted += _others(change)
    return wanted, skipped


def _record_state(rollout: Rollout, leftovers: tuple[str, ...]) -> Step:
    """As with two colours; and git on the server does not see our folder, which `git clean` would else delete."""
    step = build_steps.record_state(rollout, *leftovers)
    exclude = Command(("sh", "-ec", EXCLUDE, "exclude", rollout.environment.server.directory))
    return replace(step, actions=(*step.actions, exclude))


def _others(change: Replacement) -> list[Step]:
    """Services of no release that do not run, but for the proxy, which needs one; those that do are left alone."""
    environment = change.rollout.environment
    running = {one.service for one in change.rollout.containers if one.state == "running"}
    missing = [name for name in environment.running_services("")
               if name not in running and name not in (*environment.release.services, environment.proxy_service)]
    if not missing:
        return []
    return [Step(StepKey.START_INFRASTRUCTURE, f"Start {', '.join(missing)}",
                 (compose_up(environment, *missing, recreate=False),),
                 why="the release needs it; a service that is running is not touched")]


def _whole(change: Replacement) -> Plan:
    """The plan without its steps: what holds for every replacement that changes something."""
    rollout, previous = change.rollout, change.previous
    target, newer = rollout.target, SCHEMA_MAY_BE_NEWER if change.rollout.environment.database else ""
    return Plan(
        f"{DEPLOY} {target.version}",
        rollout.environment.name,
        undo_on_failure=True,
        facts=_facts(rollout),
        recheck=verification.deployed_state_unchanged(rollout),
        undo_ready=verification.engine_answers(rollout.environment),
        state=current_state(rollout.environment),
        point_of_no_return=StepKey.COMMIT_RELEASE,
        irreversible_reason="the release had passed its watch and is recorded; it is live.",
        irreversible_hint="Run the notebook again: it does what remains, without touching the live release.",
        failed_rollback_hint=f"{back_to(previous.version if previous else '')} {newer}".strip(),
        after_rollback_hint=DEPLOY_AGAIN,
        achieves=is_live_on(rollout.environment.name, target.version, previous.version if previous else ""),
    )


def _facts(rollout: Rollout) -> dict[str, Any]:
    deployed = rollout.deployed
    return {"commit": rollout.target.commit, "live": deployed.live_commit, "head": deployed.head,
            "by hand": list(deployed.by_hand)}
