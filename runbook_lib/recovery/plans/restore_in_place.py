"""A restore for an application with one container a service: what writes is stopped while the names are swapped.

No proxy of ours answers meanwhile, so that users see what they see whenever the application is stopped.
"""

from __future__ import annotations

from typing import Any

from runbook_lib.core.findings import Finding
from runbook_lib.core.gates import Gate
from runbook_lib.core.operation_names import RESTORE
from runbook_lib.core.plan import Plan, SkippedStep, Step
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.container_health import containers_are_healthy, restarts_of
from runbook_lib.platform.checks.endpoints import NOTHING_KNOWN, endpoints_show, with_stale_proxy
from runbook_lib.platform.facts.containers import Container, survey_containers
from runbook_lib.platform.facts.earlier_answers import Unanswered, missing_paths
from runbook_lib.platform.facts.endpoints import Endpoint, survey_endpoints
from runbook_lib.platform.facts.known_state import current_state
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.plans import verification
from runbook_lib.platform.plans.compose import start_services, stop_services
from runbook_lib.platform.plans.leftovers import CANDIDATE, MIGRATION, end_leftovers
from runbook_lib.platform.plans.nginx import follow_restarted, start_proxy, try_proxy
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.restore_databases import Databases
from runbook_lib.recovery.plans import cache_steps
from runbook_lib.recovery.plans import restore_steps as steps
from runbook_lib.recovery.plans.restore_preparation import preparation, restore_facts, unchanged_since_plan
from runbook_lib.recovery.plans.stopped_writers import commit_restore, forget, watch_over

OUTAGE = "about 30 seconds, and as long as the application takes to start"
AT_ITS_START = "the application brings its schema up to date itself, when it starts"
NOT_HERE = ("only 20 Deploy migrates; where the backup is older than the migrations of the live release, bring the "
            'release of that time back together with it: 22 Rollback with database = "restore"')


def plan_restore_in_place(environment: Environment, deployed: Deployed, containers: tuple[Container, ...],
                          backup: Backup, databases: Databases, pre_restore_backup: Plan | None,
                          texts_of: frozenset[str] = frozenset(), before: Unanswered = NOTHING_KNOWN) -> Plan:
    """Bring `backup` back as the live database of the application that runs. An interrupted swap is finished.

    `texts_of` are the paths of the endpoints that held what they must before, and must so again; `before` those that
    were not answered, with the status.
    """
    resumed = databases.interrupted is not None
    prepared, skipped = preparation(environment, backup, pre_restore_backup, resumed=resumed)
    wanted = (
        *(() if resumed else try_proxy(environment)),  # what was begun is finished, whatever the proxy's files are
        *prepared,
        stop_writers(environment, containers),
        steps.swap(environment, backup),
        *cache_steps.flush_cache(environment),
        start_writers(environment, containers),
        *start_proxy(environment, containers),
        verify(environment, containers, texts_of, before),
        commit_restore(environment, backup),
    )
    return Plan(
        f"{RESTORE} {backup.name}", environment.name, wanted,
        skipped=(*skipped, *cache_steps.no_cache(environment), _not_migrated(environment)),
        undo_on_failure=True,
        facts=restore_facts(backup, deployed, databases),
        recheck=unchanged_since_plan(environment, deployed, databases),
        undo_ready=verification.engine_answers(environment),
        rollback_check=_previous_answers(environment, containers, before),
        state=current_state(environment),
        point_of_no_return=steps.RESTORE_COMMIT, achieves=steps.is_restored(environment, backup),
        irreversible_reason="the restored database is live, and the previous one is retained next to it.",
        irreversible_hint="Run the notebook again for the remaining steps.",
        after_rollback_hint="The live database is the previous one. Read the failed step's evidence, then run again.",
    )


def _not_migrated(environment: Environment) -> SkippedStep:
    """A step and a job are 20's: a restore runs neither."""
    rules = environment.migrations
    here = AT_ITS_START if rules is None or (rules.at_start and not environment.release.jobs) else NOT_HERE
    return SkippedStep("Migrate the schema", environment.without.get("migrations", here) if rules is None else here)


def stop_writers(environment: Environment, before: tuple[Container, ...]) -> Step:
    """Stop whatever writes. Undone: what ran `before` is started again, as it was.

    A watchdog stays on the server until the run ends: it does the same should the run die before it can.
    """
    writers, ran = environment.release.writers, _ran(environment, before)
    return Step(
        StepKey.STOP_WRITERS,
        f"Stop {', '.join(writers)}",
        (watch_over(environment, writers), end_leftovers(environment, CANDIDATE, MIGRATION),
         stop_services(environment, *writers)),
        undo=(start_services(environment, *ran), *follow_restarted(environment), forget(environment)),
        why=f"the outage begins: {OUTAGE}. Nothing is written from here on, nor by a candidate or a migration that a "
        "killed run left; users get no answer, or a proxy's error. "
        "Should this run be killed, a watchdog on the server opens the database and starts what ran before. To start "
        f"the application by hand, on the server: `{_by_hand(environment, ran)}`",
    )


def start_writers(environment: Environment, before: tuple[Container, ...]) -> Step:
    """Start what was stopped. Undone: stopped, so that it cannot write while the names are swapped back."""
    ran, api = _ran(environment, before), environment.release.api
    # what its operators had stopped stays so; but not the application itself, whose data may have been what ended it
    wanted = tuple(name for name in environment.release.writers if name in ran or name == api)
    return Step(
        "start-writers",
        f"Start {', '.join(wanted)}",
        (start_services(environment, *wanted), *follow_restarted(environment)),
        undo=(stop_services(environment, *environment.release.writers),),
        why="the same containers, which open new connections to the restored database. The outage ends",
    )


def verify(environment: Environment, containers: tuple[Container, ...], texts_of: frozenset[str],
           before: Unanswered = NOTHING_KNOWN) -> Step:
    """Does the application answer, as users ask it, on the restored database?"""
    wanted = {*_ran(environment, containers), environment.release.api}
    expected = {*_healthy(containers), *wanted, *environment.data_services}
    gate = _answers(environment, containers, "the application on the restored database", expected, texts_of,
                    missing_paths(before))
    return Step(StepKey.GATE_EXTERNAL, "Verify as users see it", (gate,))


def _previous_answers(environment: Environment, before: tuple[Container, ...],
                      unanswered: Unanswered) -> Gate | None:
    """None where it was not healthy before, which may be what the restore is for: it need not become so by an undo."""
    healthy = _healthy(before)
    if not set(_ran(environment, before)) <= healthy:
        return None
    return _answers(environment, before, "the application on its previous database", healthy, frozenset(), unanswered)


def _healthy(containers: tuple[Container, ...]) -> set[str]:
    return {one.service for one in containers if one.is_healthy}


def _ran(environment: Environment, before: tuple[Container, ...]) -> tuple[str, ...]:
    """The writers that ran; where none did, all: a run that died before this one may have left them stopped."""
    running = {one.service for one in before if one.state == "running"}
    return tuple(name for name in environment.release.writers if name in running) or environment.release.writers


def _by_hand(environment: Environment, services: tuple[str, ...]) -> str:
    files = " ".join((*environment.compose.env_words, *(f"-f {name}" for name in environment.compose.files)))
    return (f"cd {environment.server.directory} && docker compose -p {environment.project} --project-directory . "
            f"{files} start {' '.join(services)}")


def _answers(environment: Environment, before: tuple[Container, ...], name: str, expected: set[str],
             texts_of: frozenset[str], unanswered: Unanswered) -> Gate:
    # a service that did not run before is not what a restore has to bring up
    restarts = restarts_of(before)
    services = tuple(one for one in environment.running_services("") if one in expected)

    def judge(containers: tuple[Container, ...], endpoints: tuple[Endpoint, ...]) -> tuple[Finding, ...]:
        inside = containers_are_healthy(containers, services, restarts)
        shown = endpoints_show(environment, endpoints, "", texts_of=texts_of, unanswered=unanswered)
        return (*inside, *with_stale_proxy(environment, inside, endpoints, shown))

    questions: tuple[Any, ...] = (survey_containers(environment), survey_endpoints(environment))
    rules = environment.gate
    return Gate(name, questions, judge, success_threshold=rules.success_threshold, interval_s=rules.interval_s,
                deadline_s=rules.deadline_s, failure_threshold=environment.rollback.failure_threshold)
