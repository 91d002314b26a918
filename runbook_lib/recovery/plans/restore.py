"""The restore: a staged database is verified first, then swapped in by name, and the previous one is retained.

A dump is never loaded over the live database: half of it could be changed before an error shows.
"""

from __future__ import annotations

from dataclasses import replace

from runbook_lib.core.gates import Gate
from runbook_lib.core.operation_names import RESTORE
from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.endpoints import held_texts
from runbook_lib.platform.checks.live_release import judge_identity, judge_outside
from runbook_lib.platform.facts.assets import compare_assets
from runbook_lib.platform.facts.containers import Container, survey_containers
from runbook_lib.platform.facts.database import schema_revision
from runbook_lib.platform.facts.earlier_answers import unanswered
from runbook_lib.platform.facts.endpoints import Endpoint, survey_endpoints
from runbook_lib.platform.facts.idle_colour import survey_idle_colour
from runbook_lib.platform.facts.known_state import current_state
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.smoke_test import run_smoke_test
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.plans import migration, verification
from runbook_lib.platform.plans.expected_alerts import in_maintenance
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.restore_databases import Databases
from runbook_lib.recovery.plans import cache_steps
from runbook_lib.recovery.plans import restore_steps as steps
from runbook_lib.recovery.plans.restore_in_place import plan_restore_in_place
from runbook_lib.recovery.plans.restore_preparation import preparation, restore_facts, unchanged_since_plan


def plan_restore(
    environment: Environment,
    deployed: Deployed,
    containers: tuple[Container, ...],
    target: Target,
    backup: Backup,
    databases: Databases,
    *,
    pre_restore_backup: Plan | None,
    endpoints: tuple[Endpoint, ...] = (),
    drop: str = "",
) -> Plan:
    """Bring `backup` back as the live database, for the release that is live now. An interrupted swap is finished.

    `target` is that release, with the backup's revision as `schema_now`; `pre_restore_backup` the plan of a verified
    backup of the live database, None to skip it. What `endpoints` hold now they must hold on the restored database;
    a text or a path that was missing before is a warning. With `drop`, the name of a retained database, nothing is
    restored: the plan deletes that one, and is empty where there is none of that name.
    """
    if drop:
        return _plan_drop(environment, databases, drop)
    texts_of = held_texts(environment, endpoints)
    if environment.release.replaced:
        return plan_restore_in_place(environment, deployed, containers, backup, databases, pre_restore_backup, texts_of,
                                     unanswered(environment, endpoints))
    seen = replace(deployed, unanswered={**deployed.unanswered, target.commit: unanswered(environment, endpoints)})
    rollout = Rollout(environment, seen, target, containers=containers, texts_of=texts_of)
    return _in_maintenance(rollout, backup, databases, pre_restore_backup)


def _in_maintenance(rollout: Rollout, backup: Backup, databases: Databases, pre_restore_backup: Plan | None) -> Plan:
    environment, deployed = rollout.environment, rollout.deployed
    wanted, skipped = _steps(rollout.in_live_colour(), backup, databases, pre_restore_backup)
    return Plan(
        f"{RESTORE} {backup.name}", environment.name, wanted, skipped=skipped, undo_on_failure=True,
        facts=restore_facts(backup, deployed, databases),
        recheck=unchanged_since_plan(environment, deployed, databases),
        undo_ready=verification.engine_answers(environment),
        rollback_check=verification.previous_release_answers_if_healthy(rollout),
        state=current_state(environment),
        point_of_no_return=steps.RESTORE_COMMIT,
        irreversible_reason="the restored database is live, and the previous one is retained next to it.",
        irreversible_hint="Run the notebook again for the remaining steps.",
        after_rollback_hint="The live database is the previous one. Read the failed step's evidence, then run again.",
        achieves=steps.is_restored(environment, backup),
    )


def swap_databases(environment: Environment, backup: Backup, colour: str) -> tuple[Step, ...]:
    """Writers stopped, names swapped, cache emptied. Maintenance mode must be on already."""
    return (
        steps.stop_writers(environment, colour),
        steps.swap(environment, backup),
        *cache_steps.flush_cache(environment),
    )


def _steps(
    rollout: Rollout, backup: Backup, databases: Databases, pre_restore_backup: Plan | None
) -> tuple[tuple[Step, ...], tuple[SkippedStep, ...]]:
    """`rollout.colour` is the colour that has the traffic: the live release stays, only its data change."""
    environment, colour = rollout.environment, rollout.colour
    resumed = databases.interrupted is not None
    prepared, skipped = preparation(environment, backup, pre_restore_backup, resumed=resumed)
    migrations, no_migrations = _migrations(rollout)
    return (
        *prepared,
        *in_maintenance(environment, (
            steps.maintenance_on(environment, colour),
            *swap_databases(environment, backup, colour),
            # under the live name: pg_hba.conf lets the application's role in from the network under no other one
            *migrations,
            steps.start_writers(environment, colour),
        )),
        _internal_gate(rollout),
        steps.maintenance_off(environment, colour),
        _external_gate(rollout),
        steps.commit_restore(environment, backup),
    ), (*skipped, *cache_steps.no_cache(environment), *no_migrations)


def _migrations(rollout: Rollout) -> tuple[tuple[Step, ...], tuple[SkippedStep, ...]]:
    migrate = migration.migrate(rollout)
    if rollout.migrated:
        reason = rollout.environment.without.get(
            "migrations", f"the backup's schema is at {rollout.target.schema_expected} already")
        return (), (SkippedStep(migrate.title, reason),)
    return (replace(migrate, why="the backup is older than the code: its schema is migrated forward"),), ()


def _internal_gate(rollout: Rollout) -> Step:
    environment, expected = rollout.environment, rollout.expected
    healthy = verification.healthy_inside(environment, expected, "the release on the restored database, internally")
    probed = (survey_idle_colour(environment, expected.colour),)
    identity = verification.served_inside(environment, "the release that answers", probed,
                                          judge_identity(environment, expected))
    return Step(StepKey.GATE_INTERNAL, "Verify before leaving maintenance mode", (healthy, identity))


def _external_gate(rollout: Rollout) -> Step:
    environment = rollout.environment
    gate = Gate(
        "the release on the restored database, verified externally",
        (
            survey_containers(environment),
            survey_endpoints(environment),
            schema_revision(environment),
            run_smoke_test(environment),
            compare_assets(environment, rollout.colour),
        ),
        judge_outside(environment, rollout.expected, rollout.restarts),
        success_threshold=environment.gate.success_threshold,
        interval_s=environment.gate.interval_s,
        deadline_s=environment.gate.deadline_s,
        failure_threshold=environment.rollback.failure_threshold,
    )
    return Step(StepKey.GATE_EXTERNAL, "Verify through nginx", (gate,))


def _plan_drop(environment: Environment, databases: Databases, name: str) -> Plan:
    title = f"delete {name}"
    if databases.retained_named(name) is None:
        return Plan(title, environment.name, reason=f"there is no retained database named {name[:80]!r}")
    return Plan(title, environment.name, (steps.drop_retained(environment, name),),
                facts={"databases": databases.names}, achieves=f"The database {name} on {environment.name} is deleted")
