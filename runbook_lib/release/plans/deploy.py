"""The deploy transaction: compare what runs with what should run, and plan only what is missing.

The order is the safe form of the plan's manual steps: the new code is built and its migrations run before it
serves, it is looked at before traffic reaches it, and the old colour stays until the new one has passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from runbook_lib.core.errors import BadParameter
from runbook_lib.core.findings import Finding, finding
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.live_release import restarts_of
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.releases import Deployed, current_state, deployed_state
from runbook_lib.platform.facts.target import Target, idle_colour
from runbook_lib.platform.plans import migration, verification
from runbook_lib.platform.plans.nginx import reload_nginx
from runbook_lib.platform.plans.release_files import env_file, secrets_file, upstreams_file
from runbook_lib.release.plans import deploy_steps as steps
from runbook_lib.release.plans import verification_steps
from runbook_lib.release.plans.interrupted_cutover import finish_cutover
from runbook_lib.release.plans.migration_steps import irreversible, skip_reason, try_old_code


def plan_deploy(
    environment: Environment,
    deployed: Deployed,
    containers: tuple[Container, ...],
    target: Target,
    *,
    secrets: Mapping[str, Secret],
    backup: Plan,
    by: str,
    reason: str = "",
    breaking_migration: str = "refuse",
    watch_s: float = -1,
) -> Plan:
    """The steps from the deployed state to `target`; none, with the reason, when they are the same.

    `backup` is the plan of a verified backup; its steps come first, unless there is no database yet. `by` and
    `reason` go into the release record. With `breaking_migration` "accept" the live code is not tried on the new
    schema, and nothing is undone by itself once the migration has run.
    A negative `watch_s` takes the environment's own.
    """
    if breaking_migration not in ("refuse", "accept"):
        raise BadParameter(f"breaking_migration: should be 'refuse' or 'accept', got {breaking_migration!r}",
                           where="20_deploy",
                           next_step="Give one of the two; the notebook's prose says what each means.")
    name = f"deploy {target.version}"
    facts = {"commit": target.commit, "live": deployed.live_commit, "colour": deployed.live_colour}
    secret_file = secrets_file(secrets, environment.server_secrets)
    if is_deployed(environment, deployed, containers, target, secret_file):
        if resting := _still_warm(containers, idle_colour(deployed)):
            last = f"{target.version} serves and is on record; {idle_colour(deployed)} is still running"
            return Plan(name, environment.name, (steps.stop_idle_colour(environment, resting),), reason=last,
                        facts=facts)
        already = f"already at {target.commit[:12]} ({target.version}): running, healthy, configuration unchanged"
        return Plan(name, environment.name, reason=already, facts=facts)
    wanted, skipped = _choose(environment, deployed, containers, target, secret_file, backup, breaking_migration)
    restarts = restarts_of(containers)
    wanted.append(verification_steps.external_gate(environment, deployed, target, restarts))
    wanted.append(verification_steps.watch_release(environment, deployed, target, restarts, watch_s))
    tried = deployed.live_commit if any(step.key == "compatibility-check" for step in wanted) else None
    wanted.append(steps.commit_release(environment, deployed, target, by=by, reason=reason, old_code=tried))
    if deployed.live_colour is not None:
        wanted.append(steps.stop_idle_colour(environment, deployed.live_colour))
        wanted = _restoring_last(environment, wanted)
    plan = Plan(
        name,
        environment.name,
        tuple(wanted),
        skipped=tuple(skipped),
        undo_on_failure=True,
        facts=facts,
        recheck=_still_deployed(environment, deployed),
        undo_ready=verification.engine_answers(environment),
        rollback_check=verification.after_undo(environment, deployed, restarts),
        state=current_state(environment),
        point_of_no_return="commit-release",
        irreversible_reason="the release had passed its watch and is on record; it serves.",
        irreversible_hint="Run the notebook again: it does what is left, without touching what serves.",
        after_rollback_hint="Mend the release and deploy the mended one. 21 Verify gives a second opinion on "
                            "what serves now.",
    )
    return irreversible(plan) if breaking_migration == "accept" else plan


def _still_warm(containers: tuple[Container, ...], colour: str) -> str:
    """The colour, when one of its containers still runs though it has no traffic."""
    running = any(one.service.endswith(f"-{colour}") and one.state == "running" for one in containers)
    return colour if running else ""


def _restoring_last(environment: Environment, wanted: list[Step]) -> list[Step]:
    """Data and monitoring services, and nginx, follow the files: when the way back has restored all of them."""
    files = ("deliver-secrets", "check-out", "configure")
    first = next(place for place, step in enumerate(wanted) if step.key in files)
    follow = (steps.up_infrastructure(environment, wait=False), reload_nginx(environment))
    changed = replace(wanted[first], undo=(*wanted[first].undo, *follow))
    return [*wanted[:first], changed, *wanted[first + 1 :]]


def is_deployed(
    environment: Environment,
    deployed: Deployed,
    containers: tuple[Container, ...],
    target: Target,
    secret_file: Secret,
) -> bool:
    """Whether nothing is left to do: same commit live, same files, and every expected container healthy."""
    if deployed.live_commit != target.commit or deployed.live_colour is None or deployed.head != target.commit:
        return False
    if deployed.secrets_sha256 != steps.sha256_of(secret_file) or target.schema_now != target.schema_expected:
        return False
    as_now = _with_live_target(environment, deployed, target)
    if deployed.env_text != as_now or deployed.upstreams_text != upstreams_file(deployed.live_colour):
        return False
    if not any(release.commit == target.commit for release in deployed.releases[-1:]):
        return False  # the last deployment died before it was committed
    expected = set(environment.running_services(deployed.live_colour))
    healthy = {one.service for one in containers if one.state == "running" and one.health == "healthy"}
    return expected <= healthy


def _schema(target: Target) -> str:
    """Why there is nothing to migrate."""
    if target.keeps_newer_schema:
        return f"the schema ({target.schema_now}) is newer than this release; it stays, and the gates say if that works"
    return f"the schema is at {target.schema_expected} already"


def _still_deployed(environment: Environment, deployed: Deployed) -> Gate:
    """Under the lock: another operator may have deployed while this plan was read."""
    question = deployed_state(environment)

    def judge(now: Deployed) -> tuple[Finding, ...]:
        measured = f"live is now {(now.live_commit or 'nothing')[:12]}"
        return (finding("the deployed state", now == deployed, measured=measured, expected="as in the plan"),)

    return Gate("the deployed state is still that of the plan", (question,), judge, success_threshold=1)


def _with_live_target(environment: Environment, deployed: Deployed, target: Target) -> str:
    """What `.env` reads when `target` is in the live colour already."""
    assert deployed.live_colour is not None
    other = idle_colour(deployed)
    turned = Deployed(other, deployed.head, deployed.env_text, deployed.upstreams_text, None, frozenset(), ())
    return env_file(environment, turned, target, live=deployed.live_colour)


def _choose(
    environment: Environment,
    deployed: Deployed,
    containers: tuple[Container, ...],
    target: Target,
    secret_file: Secret,
    backup: Plan,
    breaking_migration: str,
) -> tuple[list[Step], list[SkippedStep]]:
    wanted: list[Step] = [steps.record_pre_image(environment, deployed, containers)]
    wanted.extend(finish_cutover(environment, deployed))
    skipped: list[SkippedStep] = []

    def unless(done: bool, step: Step, reason: str) -> None:
        if done:
            skipped.append(SkippedStep(step.title, reason))
        else:
            wanted.append(step)

    if deployed.live_colour is None:
        skipped.append(SkippedStep("Back up the database", "first deployment: there is no database yet"))
    else:
        wanted.extend(backup.steps)
    wanted.append(steps.fetch(environment, target))
    for part in ("backend", "frontend"):
        image = f"gw2-{part}:{target.commit}"
        unless(image in deployed.images, steps.build(environment, target, part), f"{image[:24]} is there already")
    unless(
        deployed.secrets_sha256 == steps.sha256_of(secret_file),
        steps.deliver_secrets(environment, secret_file),
        "the server has the same secrets",
    )
    unless(deployed.head == target.commit, steps.check_out(environment, deployed, target), "checked out already")
    wanted.append(steps.configure(environment, deployed, target))
    wanted.append(steps.start_infrastructure(environment))
    not_tried = skip_reason(deployed, target, breaking_migration)
    unless(bool(not_tried), try_old_code(environment, deployed, target), not_tried)
    migrated = target.schema_now == target.schema_expected
    unless(migrated, migration.migrate(environment, deployed, target), _schema(target))
    wanted.append(steps.start_idle_colour(environment, deployed, target))
    wanted.append(verification_steps.internal_gate(environment, deployed, target))
    wanted.append(steps.switch(environment, deployed, target))
    return wanted, skipped
