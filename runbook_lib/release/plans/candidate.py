"""The new release next to the live one, before that is replaced: one more container, which no user reaches."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import SkippedStep, Step
from runbook_lib.platform.checks.endpoints import endpoints_show
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.plans.compose import compose
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.release.facts.candidate import candidate_endpoints, candidate_name, candidate_program
from runbook_lib.release.plans.replace_gates import Measured, outage_begins
from runbook_lib.release.plans.replacement import Replacement

TITLE = "Try the release next to the live one"
NOT_NAMED = "release.candidates names no service that may run twice for a moment"
END_TIMEOUT_S = 60.0
# what proxies that find containers on their own go by. Source: the manuals of Traefik and nginx-proxy
KEPT_AWAY = ("--label", "traefik.enable=false", "--env", "VIRTUAL_HOST=")


def candidate_steps(change: Replacement, measured: Measured) -> tuple[list[Step], list[SkippedStep]]:
    """A step for each service that may run twice, once the override names the release's images; or why there is none.

    A first deployment has none: nothing is live that could be kept.
    """
    release = change.rollout.environment.release
    if not release.candidates:
        return [], [SkippedStep(TITLE, release.no_candidate_reason or NOT_NAMED)]
    if change.previous is None:
        return [], [SkippedStep(TITLE, "no release is live yet")]
    return [_candidate(change, measured, service) for service in release.candidates], []


def _candidate(change: Replacement, measured: Measured, service: str) -> Step:
    environment = change.rollout.environment
    name = candidate_name(environment, service)
    labels = (f"runbook.project={environment.project}", "runbook.job=candidate")
    run = compose(environment, "run", "--detach", "--no-deps", "-T", "--name", name,
                  *(word for label in labels for word in ("--label", label)), *KEPT_AWAY, service)
    limit_s = environment.limits.up_wait_s
    start = candidate_program("start", name, str(limit_s), *run.argv, timeout_s=limit_s + END_TIMEOUT_S)
    end = candidate_program("end", name, timeout_s=END_TIMEOUT_S)
    rules = environment.migrations
    migrates = " Its start brings the schema up to date while the live release runs, and that stays." \
        if rules is not None and rules.at_start else ""
    return Step(
        f"{StepKey.CANDIDATE}-{service}", f"{TITLE}: {service}",
        (outage_begins(measured), start, _gate(change, service), end), undo=(end,),
        why=f"one more container of {service}, without published ports; its health check and its endpoints are asked, "
            "and it is removed again. Where it does not become healthy nothing is replaced, and there is no outage."
            f"{migrates}")


def _gate(change: Replacement, service: str) -> Gate:
    environment, target = change.rollout.environment, change.rollout.target

    def judge(endpoints: tuple[Endpoint, ...]) -> tuple[Finding, ...]:
        up = Finding(f"the candidate of {service} runs", Verdict.PASSED, "as its health check says, where it has one")
        return (up, *endpoints_show(environment, endpoints, target.commit, target.version))

    return Gate(f"the candidate of {service}", (candidate_endpoints(environment, service),), judge,
                success_threshold=environment.gate.success_threshold, interval_s=environment.gate.interval_s,
                deadline_s=environment.gate.deadline_s, failure_threshold=environment.rollback.failure_threshold)
