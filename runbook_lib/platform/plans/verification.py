"""Gates that every change of a release shares: internal, after a rollback, and on the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runbook_lib.core.findings import Finding, finding
from runbook_lib.core.gates import Gate
from runbook_lib.core.questions import Question
from runbook_lib.core.text import pluralize
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.live_release import ExpectedRelease, judge_health, judge_restored
from runbook_lib.platform.facts.containers import Container, survey_containers
from runbook_lib.platform.facts.endpoints import survey_endpoints
from runbook_lib.platform.facts.idle_colour import survey_idle_colour
from runbook_lib.platform.facts.releases import Deployed, deployed_state
from runbook_lib.platform.facts.smoke_test import run_smoke_test
from runbook_lib.platform.plans.rollout import Rollout


def healthy_inside(environment: Environment, expected: ExpectedRelease, name: str) -> Gate:
    """Waits for a colour without traffic: a release may start slowly and be good."""
    return Gate(
        name,
        (survey_containers(environment), survey_idle_colour(environment, expected.colour)),
        judge_health(environment, expected),
        success_threshold=2,
        interval_s=1.0,
        deadline_s=environment.gate.deadline_s,
    )


def served_inside(environment: Environment, name: str, questions: tuple[Question[Any], ...],
                  judge: Callable[..., tuple[Finding, ...]]) -> Gate:
    """What a healthy colour serves: one clean probe passes, a few failed ones end it. Waiting would fix nothing."""
    return Gate(
        name,
        questions,
        judge,
        success_threshold=1,
        interval_s=1.0,
        deadline_s=environment.gate.deadline_s,
        failure_threshold=environment.rollback.failure_threshold,
    )


def previous_release_answers(rollout: Rollout) -> Gate | None:
    """For after an undo: the release that was live before the first step answers again. None where there was none."""
    environment, deployed = rollout.environment, rollout.deployed
    if deployed.live_colour is None or deployed.live_commit is None:
        return None
    return Gate(
        "the previous release, verified externally",
        (survey_containers(environment), survey_endpoints(environment), run_smoke_test(environment)),
        judge_restored(environment, deployed.live_commit, deployed.live_colour, environment.shared_services,
                       rollout.restarts, rollout.unanswered_before),
        success_threshold=2,
        interval_s=environment.rollback.interval_s,
        deadline_s=min(60.0, environment.gate.deadline_s),
    )


def previous_release_answers_if_healthy(rollout: Rollout) -> Gate | None:
    """As `previous_release_answers`; None as well where it was not healthy before: it need not become so by an undo."""
    services = set(rollout.environment.slot(rollout.live_colour or ""))
    healthy = {one.service for one in rollout.containers if one.is_healthy}
    return previous_release_answers(rollout) if services <= healthy else None


def deployed_state_unchanged(rollout: Rollout) -> Gate:
    """Under the lock: another operator may have deployed while this plan was read."""

    def judge(now: Deployed) -> tuple[Finding, ...]:
        measured = f"live is now {(now.live_commit or 'nothing')[:12]}"
        return (finding("the deployed state", now == rollout.deployed, measured=measured, expected="as in the plan"),)

    question = deployed_state(rollout.environment)
    return Gate("the deployed state is unchanged since the plan", (question,), judge, success_threshold=1)


def engine_answers(environment: Environment) -> Gate:
    """Undoing needs the engine: one that is just restarting is waited for."""

    def judge(containers: tuple[Container, ...]) -> tuple[Finding, ...]:
        return (finding("the engine answers", True, measured=pluralize(len(containers), "container")),)

    return Gate("the engine answers", (survey_containers(environment),), judge, success_threshold=1, interval_s=1.0,
                deadline_s=90)
