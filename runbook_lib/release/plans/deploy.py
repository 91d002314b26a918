"""The deployment: compare what is live with what should be, and plan only what is missing.

The order is the safe form of the plan's manual steps: the new code is built and its migrations run before it is live,
it is verified before traffic reaches it, and the previous colour is kept until the new one has passed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import get_args

from runbook_lib.core.errors import BadParameter
from runbook_lib.core.operation_names import DEPLOY
from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.known_state import current_state
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.sessions import KeptSession
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.facts.written_rows import RowCounter
from runbook_lib.platform.plans import verification
from runbook_lib.platform.plans.leftovers import MIGRATION
from runbook_lib.platform.plans.release_files import env_file, secrets_file, upstreams_file
from runbook_lib.platform.plans.rollout import BreakingMigration, Choices, Rollout, Sessions
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.release.facts.configuration import ValidatedConfiguration
from runbook_lib.release.facts.repository import ReleaseTree
from runbook_lib.release.facts.rollback_targets import back_to, is_live_on
from runbook_lib.release.facts.service_changes import ServiceChange, renewed_services
from runbook_lib.release.plans import (
    build_steps,
    configuration_steps,
    cutover_steps,
    secret_steps,
    service_steps,
    session_steps,
    verification_steps,
)
from runbook_lib.release.plans.found_release import record_running
from runbook_lib.release.plans.interrupted_cutover import finish_cutover
from runbook_lib.release.plans.migration_steps import check_compatibility, irreversible, migrate, skip_reason
from runbook_lib.release.plans.replace_release import plan_replacement
from runbook_lib.release.plans.validation import pull_and_validate


def plan_deploy(
    environment: Environment, deployed: Deployed, containers: tuple[Container, ...], target: Target, *,
    secrets: Mapping[str, Secret], backup: Plan, operator: str, reason: str = "",
    breaking_migration: BreakingMigration = "refuse", watch_s: float | None = None, sessions: Sessions = "keep",
    configuration: ValidatedConfiguration | None = None, tree: ReleaseTree | None = None,
    endpoints: tuple[Endpoint, ...] = (),
) -> Plan:
    """The steps from the deployed state to `target`; none, with the reason, when they are the same.

    `backup` is the plan of a verified backup; its steps come first, unless there is no database yet. `operator` and
    `reason` go into the release record. With `breaking_migration` "accept" the live code is not tested on the new
    schema, and nothing is rolled back automatically once the migration has run. `watch_s` are seconds; None: as the
    environment says. `configuration` says what running services need, and which images are pulled first; its `tree` is
    then validated again. With `sessions` "end" users may be logged out. What is not answered in `endpoints`, as users
    get them before, need not be after an undo either. Raises BadParameter for any other choice.
    """
    _one_of("breaking_migration", breaking_migration, get_args(BreakingMigration))
    _one_of("sessions", sessions, get_args(Sessions))
    choices = Choices(operator, reason, breaking_migration, watch_s, sessions)
    changes = configuration.changes if configuration else None
    rollout = Rollout(environment, deployed, target, choices, containers, endpoints=endpoints,
                      renewed=renewed_services(changes))
    if environment.release.replaced:
        return plan_replacement(rollout, backup, tree)
    secret_file = secrets_file(secrets, environment.delivered_secrets, environment.compose.secrets_file)
    if is_deployed(rollout, secret_file):
        return _nothing_to_deploy(rollout)
    pulled = pull_and_validate(environment, configuration, tree)
    wanted, skipped = _before_the_switch(rollout, secret_file, backup, changes or (), secrets, pulled)
    kept, not_kept = KeptSession(environment), session_steps.skip_reason(rollout)
    wanted += [] if not_kept else [session_steps.open_before_switch(kept)]
    skipped += [SkippedStep("Log a synthetic user in", not_kept)] if not_kept else []
    steps = (*wanted, *_from_the_switch_on(rollout, wanted, kept, changes or ()))
    made = replace(_plan(rollout), steps=steps, skipped=tuple(skipped))
    return irreversible(made) if breaking_migration == "accept" else made


def _one_of(name: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise BadParameter(f"{name}: should be {' or '.join(map(repr, known))}, got {given!r}", where="20_deploy",
                           next_step="Give one of the two; the notebook's prose explains each.")


def is_deployed(rollout: Rollout, secret_file: Secret) -> bool:
    """Whether nothing is left to do: same commit live, same files, and every expected container healthy."""
    deployed, target = rollout.deployed, rollout.target
    if deployed.live_commit != target.commit or deployed.live_colour is None or deployed.head != target.commit:
        return False
    if deployed.secrets_sha256 != configuration_steps.sha256_of(secret_file) or not rollout.migrated:
        return False
    as_it_should_read = env_file(rollout.in_live_colour(), live=deployed.live_colour)
    upstreams = upstreams_file(rollout.environment, deployed.live_colour)
    if deployed.env_text != as_it_should_read or deployed.upstreams_text != upstreams:
        return False
    if not any(release.commit == target.commit for release in deployed.releases[-1:]):
        return False  # the last deployment was interrupted before it was recorded
    expected = set(rollout.environment.running_services(deployed.live_colour))
    return expected <= _healthy(rollout.containers)


def _plan(rollout: Rollout) -> Plan:
    """The plan without its steps: what holds for every deployment that changes something."""
    return Plan(
        _name(rollout),
        rollout.environment.name,
        undo_on_failure=True,
        facts=_facts(rollout),
        recheck=verification.deployed_state_unchanged(rollout),
        undo_ready=verification.engine_answers(rollout.environment),
        rollback_check=verification.previous_release_answers(rollout),
        state=current_state(rollout.environment),
        point_of_no_return=StepKey.COMMIT_RELEASE,
        irreversible_reason="the release had passed its watch and is recorded; it is live.",
        irreversible_hint="Run the notebook again: it does what remains, without touching the live release.",
        after_rollback_hint="Fix the release and deploy again. Run 21 Verify to check the live release.",
        failed_rollback_hint=back_to(rollout.deployed.live_version),
        achieves=is_live_on(rollout.environment.name, rollout.target.version, rollout.deployed.live_version),
    )


def _name(rollout: Rollout) -> str:
    return f"{DEPLOY} {rollout.target.version}"


def _facts(rollout: Rollout) -> dict[str, str | None]:
    deployed = rollout.deployed
    return {"commit": rollout.target.commit, "live": deployed.live_commit, "colour": deployed.live_colour}


def _nothing_to_deploy(rollout: Rollout) -> Plan:
    """An empty plan; or only the stop of the other colour, where an interrupted deployment left it running."""
    target, idle = rollout.target, rollout.colour
    plan = Plan(_name(rollout), rollout.environment.name, facts=_facts(rollout))
    # a standby that is kept running takes the memory that the next build needs
    if any(one.service.endswith(f"-{idle}") and one.state == "running" for one in rollout.containers):
        stop = cutover_steps.stop_idle_colour(rollout.environment, idle)
        return replace(plan, steps=(stop,), reason=f"{target.version} is live and recorded; {idle} is still running")
    return replace(plan, reason=f"already at {target.commit[:12]} ({target.version}): running, healthy, configuration "
                                "unchanged")


def _before_the_switch(rollout: Rollout, secret_file: Secret, backup: Plan, changes: tuple[ServiceChange, ...],
                       secrets: Mapping[str, Secret], pulled: tuple[Step, ...]) -> tuple[list[Step], list[SkippedStep]]:
    """Everything that users do not notice, and what of it the server does not need."""
    # the step that migrates waits for a migration of an earlier run: without one nothing does
    wanted = [build_steps.record_state(rollout, *[MIGRATION] * rollout.migrated), *finish_cutover(rollout)]
    skipped: list[SkippedStep] = []

    def unless(done: bool, step: Step, reason: str) -> None:
        if done:
            skipped.append(SkippedStep(step.title, reason))
        else:
            wanted.append(step)

    wanted += record_running(rollout)
    # before the first command that could make it necessary
    if rollout.has_database:
        wanted.extend(backup.steps)
    else:
        skipped.append(SkippedStep("Back up the database", "first deployment: there is no database yet"))
    wanted.append(build_steps.fetch(rollout))
    for part in rollout.environment.release.services:
        image = build_steps.image_of(rollout, part)
        unless(image in rollout.deployed.images, build_steps.build(rollout, part), f"{image[:24]} exists already")
    wanted += pulled
    # compared by hash: the values stay on the server
    same_secrets = rollout.deployed.secrets_sha256 == configuration_steps.sha256_of(secret_file)
    unless(same_secrets, configuration_steps.deliver_secrets(rollout, secret_file), "the server has the same secrets")
    wanted += secret_steps.before_the_switch(rollout, secrets, same_file=same_secrets, changes=changes)
    unless(rollout.deployed.head == rollout.target.commit, configuration_steps.check_out(rollout), "is there already")
    wanted += [configuration_steps.configure(rollout), *configuration_steps.start_infrastructure(rollout)]
    not_tested = skip_reason(rollout)
    unless(bool(not_tested), check_compatibility(rollout), not_tested)
    unless(rollout.migrated, migrate(rollout), _nothing_to_migrate(rollout))
    wanted += [cutover_steps.start_idle_colour(rollout), verification_steps.internal_gate(rollout)]
    return wanted, skipped


def _from_the_switch_on(rollout: Rollout, before: Iterable[Step], kept: KeptSession,
                        changes: Iterable[ServiceChange]) -> list[Step]:
    keys = {step.key for step in before}
    tested, has_session = StepKey.COMPATIBILITY_CHECK in keys, StepKey.OPEN_SESSION in keys
    rows = RowCounter()
    outside = verification_steps.external_gate(rollout, rows=rows)
    # asked in the gate, where the switch is still undone in seconds
    if has_session:
        outside = replace(outside, actions=(*outside.actions, session_steps.session_gate(rollout, kept)))
    steps = [
        cutover_steps.switch(rollout),
        outside,
        *service_steps.follow_release(rollout, changes),
        *(secret_steps.renew_data_services(rollout) if StepKey.DELIVER_SECRETS in keys else ()),
        verification_steps.watch_release(rollout, rows),
        cutover_steps.commit_release(rollout, compatible_with=rollout.deployed.live_commit if tested else None),
    ]
    if has_session:
        steps.append(session_steps.close_after_watch(kept))
    # only after the record: were it stopped first and the record failed, the rollback would have nothing to return to
    if rollout.live_colour is not None:
        steps.append(cutover_steps.stop_idle_colour(rollout.environment, rollout.live_colour))
    return steps


def _nothing_to_migrate(rollout: Rollout) -> str:
    target = rollout.target
    if "migrations" in rollout.environment.without:
        return rollout.environment.without["migrations"]
    if target.keeps_newer_schema:
        return f"the schema ({target.schema_now}) is newer than this release; it stays, and the gates verify it"
    return f"the schema is at {target.schema_expected} already"


def _healthy(containers: tuple[Container, ...]) -> set[str]:
    return {one.service for one in containers if one.is_healthy}
