"""The migrations of a release that replaces the previous one's containers: a step of their own, or the application's.

The previous release goes on running while they run and after an undo, on whatever they have left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from runbook_lib.core.findings import Finding, as_warnings
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.core.questions import Question
from runbook_lib.core.text import pluralize
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.live_release import schema_is
from runbook_lib.platform.checks.replaced_release import judge_replaced
from runbook_lib.platform.facts.containers import survey_containers
from runbook_lib.platform.facts.database import schema_revision
from runbook_lib.platform.facts.endpoints import survey_endpoints
from runbook_lib.platform.facts.own_reads import OwnReads, read_each_path
from runbook_lib.platform.facts.smoke_test import run_smoke_test
from runbook_lib.platform.plans.migration import LOCK_LIMIT_S, one_off, stop_migration
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.release.checks.compatibility import judge_replaced_compatibility
from runbook_lib.release.checks.file_migrations import at_start, migrations_applied, migrations_left, named, pending_in
from runbook_lib.release.facts.file_migrations import applied_if_known, applied_migrations
from runbook_lib.release.facts.replaced_compatibility import replaced_code_on_new_schema
from runbook_lib.release.facts.repository import ReleaseTree
from runbook_lib.release.plans.migration_steps import kept_rows
from runbook_lib.release.plans.replace_gates import Measured, outage_begins
from runbook_lib.release.plans.replacement import Replacement

TITLE, COPY_TITLE = "Migrate the database", "Test the live code on the new schema"
STAYS = ("A migration that has finished stays, also when a later one fails; of one that is not a transaction a part "
         "may stay. Nothing reverses them: the previous release runs on what is there, and the backup that "
         "this run took first has the earlier schema and rows")

SCHEMA_LEFT = ("The containers and files are as before; the schema is not undone: what has been migrated stays, and "
               "the check after the rollback names it. The previous images run on it.")


def migration_steps(change: Replacement, measured: Measured,
                    tree: ReleaseTree | None) -> tuple[list[Step], list[SkippedStep]]:
    """The step, once the override names the release's images; or why there is none."""
    environment = change.rollout.environment
    rules = environment.migrations
    if rules is None:
        reason = environment.without.get("migrations")
        return [], [SkippedStep(TITLE, reason)] if reason else []
    pending = pending_in(tree, change.rollout.target.schema_now)
    if rules.at_start:
        what = "what is pending is not known" if pending is None else \
            f"pending: {named(pending)}" if pending else "none is pending"
        return [], [SkippedStep(TITLE, f"{at_start(environment.release.jobs)}; {what}")]
    if pending == ():
        return [], [SkippedStep(TITLE, "no migration of the release is pending")]
    tried, not_tried = _tried_on_a_copy(change)
    return [*tried, _migrate(change, measured, tree, pending)], not_tried


def migrations_gate(change: Replacement, tree: ReleaseTree | None) -> tuple[Gate, ...]:
    """For right after the release is live, where it migrates when it starts: none is left pending."""
    rules = change.rollout.environment.migrations
    return (_applied(change, tree),) if rules is not None and rules.at_start else ()


def irreversible(change: Replacement, plan: Plan) -> Plan:
    """The plan where the operator accepts that the previous release may not work on the new schema."""
    accepted = change.rollout.choices.breaking_migration == "accept"
    if not accepted or not any(step.key == StepKey.MIGRATE for step in plan.steps):
        return plan
    return replace(
        plan, point_of_no_return=StepKey.MIGRATE,
        irreversible_reason='the migrations have run, and breaking_migration = "accept" means that the previous '
        "release may not work on the new schema. The new schema stays, and so does what runs now.",
        irreversible_hint="Choose: fix the release and deploy it forward (20 Deploy); or bring the previous one back "
        'with 22 Rollback and database = "restore", on the backup that this run took first.')


def _tried_on_a_copy(change: Replacement) -> tuple[list[Step], list[SkippedStep]]:
    """Whether the live code works on the new schema, before the live database has it; or why that is not asked."""
    rollout = change.rollout
    if change.previous is None:
        return [], [SkippedStep(COPY_TITLE, "no release is live yet")]
    if rollout.choices.breaking_migration == "accept":
        return [], [SkippedStep(COPY_TITLE, 'breaking_migration = "accept": no automatic rollback once they have run')]
    gate = Gate("the live code on a copy of the new schema",
                (replaced_code_on_new_schema(rollout.environment, rollout.target.commit),),
                judge_replaced_compatibility, success_threshold=1, interval_s=600, deadline_s=600, failure_threshold=1)
    return [Step(StepKey.COMPATIBILITY_CHECK, COPY_TITLE, (gate,),
                 why="a copy of the schema without rows, in a network that leads nowhere, under the names of the live "
                     "database; the live image is asked there before and after the migrations. Where it fails, nothing "
                     "is migrated; where a copy shows nothing, that is a warning")], []


def _migrate(change: Replacement, measured: Measured, tree: ReleaseTree | None,
             pending: tuple[str, ...] | None) -> Step:
    environment = change.rollout.environment
    rules = environment.migrations
    assert rules is not None
    what = "which ones are pending is not known" if pending is None else f"{pluralize(len(pending), 'migration')}: " \
        f"{named(pending)}"
    after = () if change.previous is None else (
        *((kept_rows(environment),) if environment.database else ()), _on_new_schema(change))
    run = one_off(environment, rules.service or environment.release.api, *rules.command)
    return Step(
        StepKey.MIGRATE, TITLE, (outage_begins(measured), run, _applied(change, tree), *after),
        undo=(stop_migration(environment),), keeps="the migrations of the release",
        may_keep="the migrations that had finished", undone_note=SCHEMA_LEFT,
        why=f"{what}. In a one-off container of the new image, while the previous release runs; a session that has "
            f"waited {LOCK_LIMIT_S} s for a lock is canceled. {STAYS}")


def _applied(change: Replacement, tree: ReleaseTree | None) -> Gate:
    """That the tool ended well is its own word; what the database has is asked of the database."""
    environment, target = change.rollout.environment, change.rollout.target
    question, judge = _of_files(environment, tree) if tree and tree.file_migrations is not None else \
        (schema_revision(environment), lambda revision: (schema_is(revision, target.schema_expected),))
    return Gate("the schema of the release", (question,), judge, success_threshold=1, interval_s=2.0, deadline_s=30.0,
                failure_threshold=2)


def _of_files(environment: Environment, tree: ReleaseTree) -> tuple[Question[Any], Callable[..., tuple[Finding, ...]]]:
    wanted = tree.file_migrations.of_release if tree.file_migrations else ()

    def judge(applied: frozenset[str]) -> tuple[Finding, ...]:
        return (migrations_applied(wanted, applied),)

    return applied_migrations(environment, wanted), judge


def _on_new_schema(change: Replacement) -> Gate:
    """The live code on the live data, the moment after: reported, because nothing can take the migrations back."""
    environment, previous = change.rollout.environment, change.previous
    assert previous is not None
    works = judge_replaced(environment, change.previous_images, previous.commit, "", change.rollout.restarts,
                           texts_of=frozenset())

    def judge(*answers: Any) -> tuple[Finding, ...]:
        return as_warnings(works(*answers))

    return Gate("the previous release on the new schema", (
        survey_containers(environment), survey_endpoints(environment), run_smoke_test(environment),
        # not the plan's own: what the previous release answers is not counted against the next one
        read_each_path(OwnReads(environment)),
    ), judge, success_threshold=1, interval_s=1.0, deadline_s=30.0)


def with_schema(change: Replacement, tree: ReleaseTree | None, gate: Gate | None) -> Gate | None:
    """The gate after an undo, which then shows what of the migrations has stayed."""
    files = tree.file_migrations if tree else None
    if gate is None or files is None or files.applied is None:
        return gate
    before, judge = files.applied, gate.judge

    def with_left(*answers: Any) -> tuple[Finding, ...]:
        *others, applied = answers
        return (*judge(*others), migrations_left(before, applied))

    return replace(gate, questions=(*gate.questions, applied_if_known(change.rollout.environment, files.of_release)),
                   judge=with_left)
