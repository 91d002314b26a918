"""Back to a release on record, with the data question answered: keep the schema, reverse migrations, or restore.

The steps are those of a deployment. What a deployment does for certainty and a rollback cannot wait for is left out: no
fetch, no build where the image is there, no long watch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.live_release import restarts_of
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.releases import Deployed, current_state
from runbook_lib.platform.facts.target import Target, idle_colour
from runbook_lib.platform.plans import migration, verification
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.restore_databases import Databases
from runbook_lib.recovery.plans import restore_steps
from runbook_lib.recovery.plans.restore import (
    preparation,
    previous_release_healthy,
    swap_databases,
    unchanged_since_plan,
)
from runbook_lib.release.facts.schema_rollback import DataChoice, WayBack
from runbook_lib.release.plans import deploy_steps as steps
from runbook_lib.release.plans import rollback_steps, verification_steps
from runbook_lib.release.plans.interrupted_cutover import finish_cutover

BY_HAND = "a rollback takes seconds: its backup is taken only where data are touched"


@dataclass(frozen=True)
class DataPlan:
    """The data question: what becomes of the data, and with what. `backup` and `databases` are for a restore only.

    `safety` is the plan of a verified backup of the live database; None leaves it out.
    """

    choice: DataChoice
    way_back: WayBack
    safety: Plan | None = None
    backup: Backup | None = None
    databases: Databases | None = None


def plan_rollback(
    environment: Environment,
    deployed: Deployed,
    containers: tuple[Container, ...],
    target: Target,
    data: DataPlan,
    *,
    by: str,
    reason: str = "",
) -> Plan:
    """From what serves, or should, to `target`; where it serves already, only what a dead run left, or no steps.

    `target.schema_now` is the live schema, for a restore that of the backup. `by` and `reason` go into the record.
    """
    name = f"roll back to {target.version}"
    facts = {"commit": target.commit, "live": deployed.live_commit, "colour": deployed.live_colour,
             "database": data.choice, "backup": data.backup.name if data.backup else None}
    why = f"rollback from {deployed.live_version or 'nothing'} (database: {data.choice}): {reason or 'no reason given'}"
    if serves(environment, deployed, containers, target):
        left = _left_to_do(environment, deployed, containers, target, by=by, reason=why)
        return Plan(name, environment.name, left, reason=_serves_already(target, data), facts=facts,
                    recheck=unchanged_since_plan(environment, deployed, None) if left else None)
    wanted, skipped = _images(environment, deployed, target)
    middle, left_out = _by_choice(environment, deployed, containers, target, data)
    cut = finish_cutover(environment, deployed)
    wanted = [steps.record_pre_image(environment, deployed, containers), *cut, *wanted, *middle]
    wanted.append(steps.commit_release(environment, deployed, _as_it_ends(target, data), by=by, reason=why))
    if deployed.live_colour:
        wanted.append(steps.stop_idle_colour(environment, deployed.live_colour))
    wanted.append(rollback_steps.follow_up(environment))
    return Plan(
        name,
        environment.name,
        tuple(wanted),
        skipped=(*skipped, *left_out),
        undo_on_failure=True,
        facts=facts,
        recheck=unchanged_since_plan(environment, deployed, data.databases if data.choice == "restore" else None),
        undo_ready=verification.engine_answers(environment),
        rollback_check=previous_release_healthy(environment, deployed, containers),
        state=current_state(environment),
        point_of_no_return="commit-release",
        irreversible_reason=f"{target.version} serves and is on record.",
        irreversible_hint="Run 20 Deploy for the same release: it does what is left, without touching what serves.",
        after_rollback_hint="What was live before the rollback is live again, as good or bad as it was. Choose "
                            "another release "
        "from the table, or answer the data question otherwise.",
    )


def serves(environment: Environment, deployed: Deployed, containers: tuple[Container, ...], target: Target) -> bool:
    """Whether the target is what users get: traffic, `.env` and checkout agree, and its containers are healthy."""
    colour = deployed.live_colour
    if colour is None or deployed.live_commit != target.commit or deployed.head != target.commit:
        return False
    if colour not in deployed.variables.get("COMPOSE_PROFILES", "").split(","):
        return False
    if "backend-" + colour not in (deployed.upstreams_text or ""):
        return False  # a restore died while the door was closed
    healthy = {one.service for one in containers if one.state == "running" and one.health == "healthy"}
    return {f"backend-{colour}", f"frontend-{colour}", "nginx"} <= healthy


def _left_to_do(
    environment: Environment, deployed: Deployed, containers: tuple[Container, ...], target: Target,
    *, by: str, reason: str,
) -> tuple[Step, ...]:
    """What a run that died after the switch did not come to: the look from outside, the record, the other's rest."""
    other = idle_colour(deployed)
    left: list[Step] = []
    if not any(release.commit == target.commit for release in deployed.releases[-1:]):
        before = replace(deployed, live_colour=other)  # as the steps of the switch saw it
        left.append(verification_steps.external_gate(environment, before, target, restarts_of(containers)))
        left.append(steps.commit_release(environment, before, target, by=by, reason=reason))
    if any(one.service.endswith(f"-{other}") and one.state == "running" for one in containers):
        left.append(steps.stop_idle_colour(environment, other))
    return tuple(left)


def _serves_already(target: Target, data: DataPlan) -> str:
    more = "" if data.choice == "keep" else "; for the data alone there is 32 Restore the database"
    return f"{target.version} ({target.commit[:12]}) serves already{more}"


def _images(environment: Environment, deployed: Deployed, target: Target) -> tuple[list[Step], list[SkippedStep]]:
    missing = [part for part in ("backend", "frontend") if f"gw2-{part}:{target.commit}" not in deployed.images]
    skipped = [SkippedStep(f"Build the {part} image", "it is there already") for part in ("backend", "frontend")
               if part not in missing]
    wanted = [steps.build(environment, target, part) for part in missing]
    if missing:
        wanted.insert(0, steps.fetch(environment, target))
    else:
        skipped.insert(0, SkippedStep("Fetch the commit", "image and commit are on the server"))
    return wanted, skipped


def _by_choice(
    environment: Environment, deployed: Deployed, containers: tuple[Container, ...], target: Target, data: DataPlan
) -> tuple[list[Step], tuple[SkippedStep, ...]]:
    if data.choice == "restore" and data.backup is not None:
        return _with_restore(environment, deployed, containers, target, data, data.backup)
    if data.choice == "downgrade" and data.way_back.newer:
        safety = list(data.safety.steps) if data.safety else []
        how = _downgrade_under_way if data.way_back.compatible else _downgrade_behind_the_door
        return [*safety, *how(environment, deployed, containers, target, data)], ()
    if target.schema_now not in (None, target.schema_expected):  # an older schema: its migrations come first, as ever
        forward = (*(data.safety.steps if data.safety else ()), migration.migrate(environment, deployed, target))
        return _release(environment, deployed, containers, target, before_start=forward), ()
    return _release(environment, deployed, containers, target), (SkippedStep("Back up the database", BY_HAND),)


def _release(
    environment: Environment, deployed: Deployed, containers: tuple[Container, ...], target: Target,
    *, closed: bool = False, before_start: tuple[Step, ...] = (),
) -> list[Step]:
    """The earlier release beside the live one, and the traffic to it. `closed`: the door is shut until the switch."""
    from_there = deployed
    if closed:  # going back from the switch leads to the shut door, which is opened by its own undo
        from_there = replace(deployed, upstreams_text=restore_steps.maintenance_page(deployed.live_colour or "blue"))
    return [
        *rollback_steps.files(environment, deployed, target),
        rollback_steps.start_data(environment),
        *before_start,
        steps.start_idle_colour(environment, deployed, target),
        verification_steps.internal_gate(environment, deployed, target),
        steps.switch(environment, from_there, target),
        verification_steps.external_gate(environment, deployed, target, restarts_of(containers)),
    ]


def _downgrade_under_way(
    environment: Environment, deployed: Deployed, containers: tuple[Container, ...], target: Target, data: DataPlan
) -> list[Step]:
    """The earlier code can live with both schemas: it takes over first, and nobody notices the downgrade."""
    again = verification_steps.external_gate(environment, deployed, _as_it_ends(target, data), restarts_of(containers))
    return [
        *_release(environment, deployed, containers, target),
        *([rollback_steps.stop_backend(environment, deployed.live_colour)] if deployed.live_colour else []),
        rollback_steps.downgrade(environment, deployed, data.way_back),
        replace(again, key="gate-schema", title="Look at it on the older schema"),
    ]


def _downgrade_behind_the_door(
    environment: Environment, deployed: Deployed, containers: tuple[Container, ...], target: Target, data: DataPlan
) -> list[Step]:
    """Neither code can live with the other's schema: nobody serves while it is changed."""
    live = deployed.live_colour or "blue"
    return [
        restore_steps.maintenance_on(environment, live),
        restore_steps.stop_writers(environment, live),
        rollback_steps.downgrade(environment, deployed, data.way_back),
        restore_steps.flush_cache(environment),
        *_release(environment, deployed, containers, _as_it_ends(target, data), closed=True),
    ]


def _with_restore(
    environment: Environment, deployed: Deployed, containers: tuple[Container, ...], target: Target, data: DataPlan,
    backup: Backup,
) -> tuple[list[Step], tuple[SkippedStep, ...]]:
    live = deployed.live_colour or "blue"
    resumed = data.databases is not None and data.databases.unfinished is not None
    prepared, skipped = preparation(environment, backup, data.safety, resumed=resumed)
    migrate: tuple[Step, ...] = ()
    if target.schema_now != target.schema_expected:
        migrate = (migration.migrate(environment, deployed, target),)
    wanted = [
        *prepared,
        restore_steps.maintenance_on(environment, live),
        *swap_databases(environment, backup, live),
        *_release(environment, deployed, containers, target, closed=True, before_start=migrate),
        restore_steps.keep(environment, backup),
    ]
    return wanted, tuple(skipped)


def _as_it_ends(target: Target, data: DataPlan) -> Target:
    """The target with the schema that the database has in the end."""
    reversed_ = data.choice == "downgrade" and data.way_back.newer
    return replace(target, schema_now=target.schema_head) if reversed_ else target
