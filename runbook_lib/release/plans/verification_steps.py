"""The looks of a deployment: before users reach the release, while they are on it, and after it was taken back."""

from __future__ import annotations

from collections.abc import Mapping

from runbook_lib.core.findings import Finding
from runbook_lib.core.gates import Gate, Watch
from runbook_lib.core.plan import Step
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.live_release import ExpectedRelease, judge_flow, judge_identity, judge_outside
from runbook_lib.platform.facts.assets import compare_assets
from runbook_lib.platform.facts.containers import survey_containers
from runbook_lib.platform.facts.database import schema_revision
from runbook_lib.platform.facts.endpoints import survey_endpoints
from runbook_lib.platform.facts.idle_colour import IdleColour, run_smoke_test_inside, survey_idle_colour
from runbook_lib.platform.facts.oom_kills import count_oom_kills
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.smoke_test import UserFlow, run_smoke_test
from runbook_lib.platform.facts.target import Target, idle_colour
from runbook_lib.platform.facts.traffic import ERROR_RATE, error_rate_history, traffic_since_switch, watched_traffic
from runbook_lib.platform.plans.verification import healthy_inside, served_inside
from runbook_lib.release.checks.triggers import (
    HEALTH,
    conclude_watch,
    errors_trigger,
    judge_watch,
    slow_limit_ms,
    with_error_rate,
)


def internal_gate(environment: Environment, deployed: Deployed, target: Target) -> Step:
    """Health first, as long as it may take; then what it serves and a user's whole flow, before any user is hit."""
    expected = ExpectedRelease(target.commit, target.schema_expected, idle_colour(deployed))
    identity, flow = judge_identity(expected), judge_flow(slow_limit_ms(environment))

    def judge(seen: IdleColour, smoke_test: UserFlow) -> tuple[Finding, ...]:
        return (*identity(seen), *flow(smoke_test))

    served = served_inside(
        environment,
        "what the new colour serves, and a user's flow in it",
        (survey_idle_colour(environment, expected.colour), run_smoke_test_inside(environment, expected.colour)),
        judge,
    )
    return Step("gate-internal", "Look at it before traffic reaches it",
                (healthy_inside(environment, expected, "the new colour seen from inside"), served))


def external_gate(environment: Environment, deployed: Deployed, target: Target,
                 restarts: Mapping[str, int] | None = None) -> Step:
    """Users are on it now: a release that fails look after look is not waited for."""
    expected = ExpectedRelease(target.commit, target.schema_expected, idle_colour(deployed))
    gate = Gate(
        "the release seen by its users",
        (
            survey_containers(environment),
            survey_endpoints(environment),
            schema_revision(environment),
            run_smoke_test(environment),
            compare_assets(environment, expected.colour),
            traffic_since_switch(environment),  # nothing is sent here: the looks themselves nearly fill the rate limit
        ),
        with_error_rate(environment, judge_outside(expected, restarts)),
        success_threshold=environment.gate.success_threshold,
        interval_s=environment.gate.interval_s,
        deadline_s=environment.gate.deadline_s,
        failure_threshold=environment.rollback.failure_threshold,
        trigger=HEALTH,
        triggers=(errors_trigger(environment),),
        since="switch",
    )
    return Step("gate-external", "Look at it through nginx", (gate,))


def watch_release(environment: Environment, deployed: Deployed, target: Target, restarts: Mapping[str, int],
                  watch_s: float = -1) -> Step:
    """The plan's three triggers, looked for again and again; a negative `watch_s` takes the environment's own."""
    colour, rules = idle_colour(deployed), environment.rollback
    watch = Watch(
        f"watch {target.version}",
        (
            survey_containers(environment),
            survey_endpoints(environment),
            watched_traffic(environment),
            count_oom_kills(environment, f"backend-{colour}"),
        ),
        judge_watch(environment, target.commit, colour, restarts),
        conclude_watch(environment),
        duration_s=rules.watch_s if watch_s < 0 else watch_s,
        interval_s=rules.interval_s,
        since="switch",
        primary_metric=ERROR_RATE,
        limit=rules.api_error_rate_percent,
        unit="percent",
        history=error_rate_history(environment),
    )
    warm = "" if deployed.live_colour is None else f"; {deployed.live_colour} stays warm for the way back"
    return Step("watch", "Watch it under its users", (watch,),
                why=f"any of the plan's triggers goes back by itself: {', '.join(rules.triggers)}{warm}")


