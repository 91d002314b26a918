"""The new release next to the live one, before that is replaced: one more container, which no user reaches."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, finding
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import SkippedStep, Step
from runbook_lib.platform.checks.endpoints import endpoints_show
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.plans.compose import compose
from runbook_lib.platform.plans.migration import LOCK_LIMIT_S
from runbook_lib.platform.plans.one_off import one_off_words
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.release.checks.file_migrations import named, pending_in
from runbook_lib.release.facts.candidate import (
    CandidateState,
    candidate_endpoints,
    candidate_name,
    candidate_program,
    candidate_state,
    watched,
)
from runbook_lib.release.facts.repository import ReleaseTree
from runbook_lib.release.plans.replace_gates import Measured, outage_begins
from runbook_lib.release.plans.replacement import Replacement

TITLE = "Try the release next to the live one"
NOT_NAMED = "release.candidates names no service that may run twice for a moment"
BY_A_STEP = "Give migrations.upgrade in place of at_start, and a step migrates first"
END_TIMEOUT_S = 180.0  # its time to stop, and the removal. Source: programs/candidate.sh
GUARD_MARGIN_S = 300  # the last answers of its gate, and its end


def candidate_steps(change: Replacement, measured: Measured,
                    tree: ReleaseTree | None) -> tuple[list[Step], list[SkippedStep]]:
    """A step for each service that may run twice, once the override names the release's images; or why there is none.

    A first deployment has none: nothing is live that could be kept. Neither has a release whose start would migrate the
    live database: users would have the new schema before they have the release.
    """
    release = change.rollout.environment.release
    if not release.candidates:
        return [], [SkippedStep(TITLE, release.no_candidate_reason or NOT_NAMED)]
    if change.previous is None:
        return [], [SkippedStep(TITLE, "no release is live yet")]
    if migrates := _migrates(change, tree):
        return [], [SkippedStep(TITLE, migrates)]
    return [_candidate(change, measured, service) for service in release.candidates], []


def _migrates(change: Replacement, tree: ReleaseTree | None) -> str:
    """Why a start would change the live schema; empty where nothing is pending, or a step migrates before it."""
    rules = change.rollout.environment.migrations
    pending = pending_in(tree, change.rollout.target.schema_now)
    if rules is None or not rules.at_start or pending == ():
        return ""
    what = "what is pending is not known" if pending is None else f"pending: {named(pending)}"
    return f"its start would migrate the live database while the live release runs ({what}). {BY_A_STEP}"


def _candidate(change: Replacement, measured: Measured, service: str) -> Step:
    environment = change.rollout.environment
    run = compose(environment, "run", "--detach", *one_off_words(environment, candidate_name(environment, service),
                                                                 "candidate"), service)
    limit_s = environment.limits.up_wait_s
    guard_s = limit_s + round(environment.gate.deadline_s) + GUARD_MARGIN_S
    start = candidate_program("start", *watched(environment, service, LOCK_LIMIT_S), str(limit_s), str(guard_s),
                              *run.argv, timeout_s=limit_s + END_TIMEOUT_S)
    end = candidate_program("end", candidate_name(environment, service), timeout_s=END_TIMEOUT_S)
    # a tool that is not declared may migrate all the same: nothing shows what
    unknown = environment.migrations is None
    return Step(
        f"{StepKey.CANDIDATE}-{service}", f"{TITLE}: {service}",
        (outage_begins(measured), start, _gate(change, service), end), undo=(end,),
        why=f"one more container of {service}, without published ports; its health check and its endpoints are asked, "
            "and it is removed again. Where it does not become healthy nothing is replaced, and there is no outage. A "
            f"session of it that has waited {LOCK_LIMIT_S} s for a lock is canceled."
            f"{' What its start does to the database is done while the live release runs, and stays.' * unknown}",
        may_keep="what the start of the release has changed in the database" if unknown else "")


def _gate(change: Replacement, service: str) -> Gate:
    environment, target = change.rollout.environment, change.rollout.target

    def judge(state: CandidateState, endpoints: tuple[Endpoint, ...]) -> tuple[Finding, ...]:
        runs = finding(f"the candidate of {service} runs", state.runs, measured=str(state),
                       expected="running, and healthy where it has a health check",
                       next_step="Read what it logged; the evidence of this step has more of it.")
        return (runs, *endpoints_show(environment, endpoints, target.commit, target.version))

    questions = (candidate_state(environment, service, LOCK_LIMIT_S), candidate_endpoints(environment, service))
    return Gate(f"the candidate of {service}", questions, judge,
                success_threshold=environment.gate.success_threshold, interval_s=environment.gate.interval_s,
                deadline_s=environment.gate.deadline_s, failure_threshold=environment.rollback.failure_threshold)
