"""The rollback to a recorded release: it keeps the schema, reverses migrations, or restores a backup.

The steps are those of a deployment. What a deployment does for certainty and a rollback cannot wait for is left out: no
fetch and no build where the images exist, no long watch.
"""

from __future__ import annotations

from dataclasses import replace

from runbook_lib.core.gates import Gate
from runbook_lib.core.operation_names import ROLL_BACK
from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.known_state import current_state
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.plans import verification
from runbook_lib.platform.plans.leftovers import MIGRATION
from runbook_lib.platform.plans.rollout import Choices, Rollout
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.restore_databases import Databases
from runbook_lib.recovery.plans.restore_preparation import unchanged_since_plan
from runbook_lib.recovery.plans.restore_steps import MAINTENANCE_PORT
from runbook_lib.release.facts.repository import ReleaseTree
from runbook_lib.release.facts.rollback_targets import back_to, is_live_on, taken_from_users
from runbook_lib.release.facts.schema_rollback import DataChoice, SchemaRollback
from runbook_lib.release.facts.service_changes import ServiceChange, renewed_services
from runbook_lib.release.plans import build_steps, cutover_steps, rollback_steps, service_steps, verification_steps
from runbook_lib.release.plans.interrupted_cutover import finish_cutover
from runbook_lib.release.plans.replace_back import DataRestore, plan_replace_back
from runbook_lib.release.plans.rollback_data import DataRollback, release_and_data


def plan_rollback(
    environment: Environment, deployed: Deployed, containers: tuple[Container, ...], target: Target, *,
    database: DataChoice, schema: SchemaRollback, operator: str, reason: str = "",
    pre_rollback_backup: Plan | None = None, backup: Backup | None = None, databases: Databases | None = None,
    changes: tuple[ServiceChange, ...] | None = None, release: Release | None = None, tree: ReleaseTree | None = None,
    endpoints: tuple[Endpoint, ...] = (),
) -> Plan:
    """From the live release to `target`; where it is live already, what an interrupted run left, or no steps.

    `database` says what happens to the data; `backup` and `databases` are for "restore" only. `target.schema_now` is
    the live schema, for a restore that of the backup. `pre_rollback_backup` is the plan of a verified backup of the
    live database, taken where data change; None leaves it out. `changes` are what data services and the proxy need to
    follow the earlier release; None: not known. `operator` and `reason` go into the release record. `release` is the
    chosen line of the release history, and `tree` the inspected commit: with recreate they name its images. What is
    not answered in `endpoints`, as users get them now, need not be after an undo either.
    """
    data = DataRollback(database, schema, pre_rollback_backup, backup, databases)
    why = f"rollback from {deployed.live_version or 'nothing'} (database: {database}): {reason or 'no reason given'}"
    # an earlier release: the environment file's texts are those of a later one
    choices, renewed = Choices(operator, why), renewed_services(changes)
    rollout = Rollout(environment, deployed, target, choices, containers, frozenset(), endpoints, renewed)
    if environment.release.replaced and release is not None:
        restore = DataRestore(backup, databases, pre_rollback_backup) if database == "restore" and backup else None
        return plan_replace_back(rollout, release, tree, restore)
    if is_live(rollout):
        return _finish(rollout, data)
    images, skipped = _images(rollout)
    changed, left_out = release_and_data(rollout, data)
    steps = (
        build_steps.record_state(rollout, MIGRATION), *finish_cutover(rollout), *images, *changed,
        *_follow(rollout, changes or ()),
        _record(replace(rollout, target=data.final_target(target))), *_stop_live(rollout),
        *rollback_steps.start_monitoring(environment),
    )
    return replace(_plan(rollout, data), steps=steps, skipped=(*skipped, *left_out))


def is_live(rollout: Rollout) -> bool:
    """Whether the target is what users get: traffic, `.env` and checkout agree, and its containers are healthy."""
    deployed, target, colour = rollout.deployed, rollout.target, rollout.live_colour
    if colour is None or deployed.live_commit != target.commit or deployed.head != target.commit:
        return False
    if colour not in deployed.variables.get("COMPOSE_PROFILES", "").split(","):
        return False
    if f"server 127.0.0.1:{MAINTENANCE_PORT};" in (deployed.upstreams_text or ""):
        return False  # a restore was interrupted while in maintenance mode
    healthy = {one.service for one in rollout.containers if one.is_healthy}
    return {*rollout.environment.slot(colour), rollout.environment.proxy_service} <= healthy


def _plan(rollout: Rollout, data: DataRollback) -> Plan:
    """The plan without its steps: what holds for every rollback that changes something."""
    environment, version = rollout.environment, rollout.target.version
    return Plan(
        f"{ROLL_BACK} {version}",
        environment.name,
        undo_on_failure=True,
        facts=_facts(rollout, data),
        recheck=_unchanged(rollout, data),
        undo_ready=verification.engine_answers(environment),
        rollback_check=verification.previous_release_answers_if_healthy(rollout),
        state=current_state(environment),
        point_of_no_return=StepKey.COMMIT_RELEASE,
        irreversible_reason=f"{version} is live and recorded.",
        irreversible_hint="Run 20 Deploy for the same release: it does what remains, without touching what is live.",
        failed_rollback_hint=back_to(rollout.deployed.live_version),
        after_rollback_hint="The release that was live before is live again, in the state it was in. Choose another "
        "release from the table, or another answer to the data question.",
        achieves=is_live_on(environment.name, version, rollout.deployed.live_version,
                            data.backup.name if data.backup else ""),
    )


def _unchanged(rollout: Rollout, data: DataRollback) -> Gate:
    databases = data.databases if data.choice == "restore" else None
    return unchanged_since_plan(rollout.environment, rollout.deployed, databases)


def _facts(rollout: Rollout, data: DataRollback) -> dict[str, str | None]:
    deployed = rollout.deployed
    return {"commit": rollout.target.commit, "live": deployed.live_commit, "colour": deployed.live_colour,
            "database": data.choice, "backup": data.backup.name if data.backup else None}


def _finish(rollout: Rollout, data: DataRollback) -> Plan:
    """The target is live: what an interrupted run left to do, as a rule nothing. None of it has an undo."""
    left, target = _remaining_steps(rollout), rollout.target
    more = "" if data.choice == "keep" else "; to change only the data, use 32 Restore the database"
    return Plan(f"{ROLL_BACK} {target.version}", rollout.environment.name, left,
                reason=f"{target.version} ({target.commit[:12]}) is live already{more}", facts=_facts(rollout, data),
                recheck=unchanged_since_plan(rollout.environment, rollout.deployed) if left else None)


def _remaining_steps(rollout: Rollout) -> tuple[Step, ...]:
    """What a run that ended after the switch did not do: verify externally, record, stop the other colour."""
    other, deployed = rollout.colour, rollout.deployed
    left: list[Step] = []
    if not any(release.commit == rollout.target.commit for release in deployed.releases[-1:]):
        switched = rollout.in_live_colour()
        left += [verification_steps.external_gate(switched, page=False), _record(switched)]
    if any(one.service.endswith(f"-{other}") and one.state == "running" for one in rollout.containers):
        left.append(cutover_steps.stop_idle_colour(rollout.environment, other))
    return tuple(left)


def _follow(rollout: Rollout, changes: tuple[ServiceChange, ...]) -> tuple[Step, ...]:
    data = rollout.environment.data_services
    return service_steps.follow_release(rollout, (one for one in changes if one.service in data))


def _stop_live(rollout: Rollout) -> tuple[Step, ...]:
    live = rollout.live_colour
    return (cutover_steps.stop_idle_colour(rollout.environment, live),) if live else ()


def _record(rollout: Rollout) -> Step:
    left = taken_from_users(rollout.deployed, rollout.target.commit)
    return cutover_steps.commit_release(rollout, rolled_back_from=left)


def _images(rollout: Rollout) -> tuple[list[Step], list[SkippedStep]]:
    """Fetch and build only what the server does not have: as a rule nothing."""
    parts, there = rollout.environment.release.services, rollout.deployed.images
    missing = [part for part in parts if build_steps.image_of(rollout, part) not in there]
    skipped = [SkippedStep(f"Build the {part} image", "it exists already") for part in parts if part not in missing]
    if not missing:
        return [], [SkippedStep("Fetch the commit", "image and commit are on the server"), *skipped]
    return [build_steps.fetch(rollout), *(build_steps.build(rollout, part) for part in missing)], skipped
