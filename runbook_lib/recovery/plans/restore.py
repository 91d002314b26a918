"""The real restore: a side database is proven first, then it takes the live one's name, and the one before is kept.

A dump is never loaded over the live database: half of it could be changed before an error shows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from runbook_lib.core.findings import Finding, finding
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.core.questions import Question
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.live_release import ExpectedRelease, judge_identity, judge_outside, restarts_of
from runbook_lib.platform.facts.assets import compare_assets
from runbook_lib.platform.facts.containers import Container, survey_containers
from runbook_lib.platform.facts.database import schema_revision
from runbook_lib.platform.facts.endpoints import survey_endpoints
from runbook_lib.platform.facts.idle_colour import survey_idle_colour
from runbook_lib.platform.facts.releases import Deployed, current_state, deployed_state
from runbook_lib.platform.facts.smoke_test import run_smoke_test
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.plans import migration, verification
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.restore_databases import Databases, databases_of
from runbook_lib.recovery.plans import restore_steps as steps

ALREADY = "done by the run that was interrupted"
DATABASE_BROKEN = "left out as asked: the live database cannot be backed up. It is kept as it is"


def plan_restore(
    environment: Environment,
    deployed: Deployed,
    containers: tuple[Container, ...],
    target: Target,
    backup: Backup,
    databases: Databases,
    *,
    safety: Plan | None,
) -> Plan:
    """Bring `backup` back as the live database, for the release that serves now.

    `target` is that release, with the backup's revision as `schema_now`; `safety` the plan of a verified backup of the
    live database, None to leave it out. An exchange that was not finished is finished.
    """
    colour = deployed.live_colour or "blue"
    resumed = databases.unfinished is not None
    prepared = preparation(environment, backup, safety, resumed=resumed)
    rollout = Rollout(environment, deployed, target, containers=containers)
    migrate = migration.migrate(rollout.in_live_colour())
    skipped = list(prepared[1])
    wanted = [*prepared[0], steps.maintenance_on(environment, colour), *swap_databases(environment, backup, colour)]
    if target.schema_now == target.schema_expected:
        skipped.append(SkippedStep(migrate.title, f"the backup's schema is at {target.schema_expected} already"))
    else:
        wanted.append(replace(migrate, why="the backup is older than the code: its schema is brought forward"))
    wanted += [
        steps.start_writers(environment, colour),
        verify_before_leaving_maintenance(environment, target, colour),
        steps.maintenance_off(environment, colour),
        verify_outside_maintenance(environment, target, colour, containers),
        steps.keep(environment, backup),
    ]
    return Plan(
        f"restore {backup.name}",
        environment.name,
        tuple(wanted),
        skipped=tuple(skipped),
        undo_on_failure=True,
        facts={"backup": backup.name, "sha256": backup.manifest.sha256 if backup.manifest else "",
               "live": deployed.live_commit, "databases": databases.names},
        recheck=unchanged_since_plan(environment, deployed, databases),
        undo_ready=verification.engine_answers(environment),
        rollback_check=verification.previous_release_answers_if_healthy(rollout),
        state=current_state(environment),
        point_of_no_return="restore-commit",
        irreversible_reason="the restored database serves, and the one before is kept beside it.",
        irreversible_hint="Run the notebook again for what is left.",
        after_rollback_hint="The live database is the one from before. Read the failed step's evidence, then "
                            "run again.",
    )


def plan_drop_kept(environment: Environment, databases: Databases, name: str) -> Plan:
    """Delete one database that an earlier restore kept; an empty plan when there is none of that name."""
    title = f"delete {name}"
    if databases.kept_named(name) is None:
        return Plan(title, environment.name, reason=f"there is no kept database named {name[:80]!r}")
    drop = steps.program(environment, name, "drop", name)
    why = "it is what the live database was before a restore; there is no way back but a backup"
    step = Step("drop-kept", f"Delete {name} for good", (drop,), why=why)
    return Plan(title, environment.name, (step,), facts={"databases": databases.names})


def preparation(
    environment: Environment, backup: Backup, safety: Plan | None, *, resumed: bool = False
) -> tuple[list[Step], list[SkippedStep]]:
    """What is done before anybody notices: a last backup of the live database, and the side database, proven."""
    fill = steps.preparation(environment, backup)
    if resumed:
        return [], [SkippedStep(step.title, ALREADY) for step in fill]
    if safety is None:
        return list(fill), [SkippedStep("Back up the live database first", DATABASE_BROKEN)]
    return [*safety.steps, *fill], list(safety.skipped)


def swap_databases(environment: Environment, backup: Backup, colour: str) -> tuple[Step, ...]:
    """Writers stopped, names exchanged, cache emptied. The door must be closed already."""
    return (
        steps.stop_writers(environment, colour),
        steps.swap(environment, backup),
        steps.flush_cache(environment),
    )


def verify_before_leaving_maintenance(environment: Environment, target: Target, colour: str) -> Step:
    """The release on the restored database, looked at before the door opens."""
    expected = ExpectedRelease(target.commit, target.schema_expected, colour)
    healthy = verification.healthy_inside(environment, expected, "the release on the restored database, from inside")
    asked = (survey_idle_colour(environment, colour),)
    served = verification.served_inside(environment, "what it serves", asked, judge_identity(expected))
    return Step("gate-internal", "Look at it before the door opens", (healthy, served))


def unchanged_since_plan(environment: Environment, deployed: Deployed, databases: Databases | None = None) -> Gate:
    """Under the lock: is what serves, and which databases there are, still what the plan was made from?"""

    def judge(now: Deployed, around: Databases | None = None) -> tuple[Finding, ...]:
        live = f"live is now {(now.live_commit or 'nothing')[:12]}"
        found = [finding("the deployed state", now == deployed, measured=live, expected="as in the plan")]
        if databases is not None and around is not None:
            names = ", ".join(around.names)
            found.append(finding("the databases", around.names == databases.names, measured=names))
        return tuple(found)

    questions: tuple[Question[Any], ...] = (deployed_state(environment),)
    if databases is not None:
        questions = (*questions, databases_of(environment))
    return Gate("nothing has changed since the plan", questions, judge, success_threshold=1)


def verify_outside_maintenance(environment: Environment, target: Target, colour: str,
                               containers: tuple[Container, ...]) -> Step:
    """The door is open again: do users get what they should?"""
    expected = ExpectedRelease(target.commit, target.schema_expected, colour)
    gate = Gate(
        "the release on the restored database, seen by its users",
        (
            survey_containers(environment),
            survey_endpoints(environment),
            schema_revision(environment),
            run_smoke_test(environment),
            compare_assets(environment, colour),
        ),
        judge_outside(expected, restarts_of(containers)),
        success_threshold=environment.gate.success_threshold,
        interval_s=environment.gate.interval_s,
        deadline_s=environment.gate.deadline_s,
        failure_threshold=environment.rollback.failure_threshold,
    )
    return Step("gate-external", "Look at it through nginx", (gate,))
