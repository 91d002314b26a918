"""Gates that every change of a release shares: from inside, after an undo, and on the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from runbook_lib.core.findings import Finding, finding
from runbook_lib.core.gates import Gate
from runbook_lib.core.questions import Question
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.live_release import ExpectedRelease, judge_health, judge_restored
from runbook_lib.platform.facts.containers import Container, survey_containers
from runbook_lib.platform.facts.endpoints import survey_endpoints
from runbook_lib.platform.facts.idle_colour import survey_idle_colour
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.smoke_test import run_smoke_test


def healthy_inside(environment: Environment, expected: ExpectedRelease, name: str) -> Gate:
    """Waits for a colour that nobody else can reach: a release may start slowly and be good."""
    return Gate(
        name,
        (survey_containers(environment), survey_idle_colour(environment, expected.colour)),
        judge_health(expected),
        success_threshold=2,
        interval_s=1.0,
        deadline_s=environment.gate.deadline_s,
    )


def served_inside(environment: Environment, name: str, questions: tuple[Question[Any], ...],
                  judge: Callable[..., tuple[Finding, ...]]) -> Gate:
    """What a healthy colour serves: one clean look is enough, and a few failing ones end it: no waiting mends them."""
    return Gate(
        name,
        questions,
        judge,
        success_threshold=1,
        interval_s=1.0,
        deadline_s=environment.gate.deadline_s,
        failure_threshold=environment.rollback.failure_threshold,
    )


def after_undo(environment: Environment, deployed: Deployed, restarts: Mapping[str, int]) -> Gate | None:
    """Whether what ran before the deployment answers again; None when nothing did."""
    if deployed.live_colour is None or deployed.live_commit is None:
        return None
    return Gate(
        "what ran before, seen by its users again",
        (survey_containers(environment), survey_endpoints(environment), run_smoke_test(environment)),
        judge_restored(deployed.live_commit, deployed.live_colour, restarts),
        success_threshold=2,
        interval_s=environment.rollback.interval_s,
        deadline_s=min(60.0, environment.gate.deadline_s),
    )


def engine_answers(environment: Environment) -> Gate:
    """Undoing needs the engine: one that is just starting again is waited for."""

    def judge(containers: tuple[Container, ...]) -> tuple[Finding, ...]:
        return (finding("the engine answers", True, measured=f"{len(containers)} containers"),)

    return Gate("the engine answers", (survey_containers(environment),), judge, success_threshold=1, interval_s=1.0,
                deadline_s=90)
