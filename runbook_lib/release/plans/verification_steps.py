"""How a release is verified while it is deployed: before users reach it, right after, and for a while under load."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from runbook_lib.core.browsing import PageView, Picture
from runbook_lib.core.findings import Finding, finding
from runbook_lib.core.gates import Gate, Reading, Watch
from runbook_lib.core.plan import Step
from runbook_lib.core.questions import Question
from runbook_lib.environment import Environment
from runbook_lib.environment.logs import access_log, names_who_answered
from runbook_lib.platform.checks.live_release import judge_flow, judge_identity, judge_outside
from runbook_lib.platform.checks.page import SHOWN, judge_page
from runbook_lib.platform.facts.assets import compare_assets
from runbook_lib.platform.facts.containers import survey_containers
from runbook_lib.platform.facts.database import schema_revision
from runbook_lib.platform.facts.endpoints import survey_endpoints
from runbook_lib.platform.facts.idle_colour import IdleColour, run_smoke_test_inside, survey_idle_colour
from runbook_lib.platform.facts.oom_kills import count_oom_kills
from runbook_lib.platform.facts.own_reads import OwnReads
from runbook_lib.platform.facts.page import view_page, view_page_inside
from runbook_lib.platform.facts.smoke_test import UserFlow, run_smoke_test
from runbook_lib.platform.facts.traffic import (
    ERROR_RATE,
    MARKER,
    Traffic,
    error_rate_history,
    traffic_since_switch,
    watched_traffic,
)
from runbook_lib.platform.facts.user_requests import (
    AccessLog,
    UserRequests,
    all_traffic,
    begin_counting,
    users_since_switch,
)
from runbook_lib.platform.facts.written_rows import RowCounter, rows_since
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.platform.plans.verification import healthy_inside, served_inside
from runbook_lib.release.checks.triggers import (
    HEALTH,
    errors_trigger,
    judge_watch,
    slow_limit_ms,
    triggers_in_words,
    with_error_rate,
)
from runbook_lib.release.checks.watch_conclusion import (
    USERS,
    USERS_SEEN,
    conclude_watch,
    users_seen,
    users_were_counted,
)
from runbook_lib.release.plans.release_logs import errors_logged
from runbook_lib.release.plans.row_watch import Judge, smoke_test_counted, stores_rows, with_rows


def internal_gate(rollout: Rollout, *, page: bool = True) -> Step:
    """Health first, as long as it may take; then its replies, files, a full user flow and its page, before any user.

    `page` False leaves the browser out: a rollback cannot wait for it, and must not fail for an older page's texts.
    """
    environment, expected = rollout.environment, rollout.expected
    identity, flow = judge_identity(environment, expected), judge_flow(slow_limit_ms(environment))

    def judge(seen: IdleColour, smoke_test: UserFlow) -> tuple[Finding, ...]:
        return (*identity(seen), *flow(smoke_test))

    served = served_inside(
        environment,
        "the new colour: what it serves, and a user flow",
        (survey_idle_colour(environment, expected.colour), run_smoke_test_inside(environment, expected.colour)),
        judge,
    )
    seen = [page_gate(environment, "the page of the new colour, in a browser",
                      view_page_inside(environment, expected.colour))] if page and environment.gate.page else []
    return Step(StepKey.GATE_INTERNAL, "Verify the new colour before switching traffic",
                (healthy_inside(environment, expected, "the new colour, verified internally"), served, *seen))


def page_gate(environment: Environment, name: str, question: Question[PageView | None]) -> Gate:
    """What a user sees. Two probes decide: a busy machine may be slow once, a broken page stays broken."""
    return Gate(
        name,
        (question,),
        judge_page(environment),
        success_threshold=1,
        interval_s=1.0,
        deadline_s=environment.gate.deadline_s,
        failure_threshold=2,
        may_be_inconclusive=(SHOWN,),
        picture=lambda view: view.picture if view is not None else Picture(),
    )


def external_gate(rollout: Rollout, *, page: bool = True, rows: RowCounter | None = None) -> Step:
    """Users are on the release now: one that fails probe after probe is not waited for. `page` as in internal_gate.

    `rows` begins to count before the first request of a smoke test that stores some.
    """
    environment = rollout.environment
    gate = Gate(
        "the release, verified externally",
        (
            survey_containers(environment),
            survey_endpoints(environment),
            schema_revision(environment),
            smoke_test_counted(environment, rows) if rows else run_smoke_test(environment),
            compare_assets(environment, rollout.colour),
            _since_switch(environment),  # no load of its own: the probes themselves nearly fill the rate limit
        ),
        with_error_rate(environment, judge_outside(environment, rollout.expected, rollout.restarts)),
        success_threshold=environment.gate.success_threshold,
        interval_s=environment.gate.interval_s,
        deadline_s=environment.gate.deadline_s,
        failure_threshold=environment.rollback.failure_threshold,
        trigger=HEALTH,
        triggers=(errors_trigger(environment),),
        since=StepKey.SWITCH,
    )
    seen = [replace(page_gate(environment, "the page through nginx, in a browser", view_page(environment)),
                    trigger=HEALTH, since=StepKey.SWITCH)] if page and environment.gate.page else []
    return Step(StepKey.GATE_EXTERNAL, "Verify the release through nginx", (gate, *seen))


def watch_release(rollout: Rollout, rows: RowCounter | None = None) -> Step:
    """The plan's three triggers, probed again and again for as long as the operator or the environment says.

    With `rows`, and a smoke test that stores some, they have to come into this database by its end.
    """
    environment, concluded = rollout.environment, conclude_watch(rollout.environment)
    log = None if names_who_answered(access_log(environment.logs)) else _log_of(environment)
    traffic = watched_traffic(environment) if log is None else all_traffic(log, OwnReads(environment))

    def conclude(readings: Sequence[Reading]) -> tuple[Finding, ...]:
        return (*concluded(readings), *(users_of_watch(log, readings) if log else [users_seen(readings)]))

    judge: Judge = judge_watch(environment, rollout.target.commit, rollout.colour, rollout.restarts)
    came = (rows_since(rows),) if rows is not None and stores_rows(environment) else ()
    judged, ended = with_rows(environment, rows, rollout.watch_s, judge, conclude) if rows is not None and came else (
        judge, conclude)
    watch = release_watch(
        rollout,
        (survey_containers(environment), survey_endpoints(environment), traffic,
         count_oom_kills(environment, environment.api_of(rollout.colour)), *came),
        judged, ended,
        history=error_rate_history(environment) if log is None else None,
    )
    begun = users_from_here(log) if log else ()
    kept = "" if rollout.live_colour is None else f"; {rollout.live_colour} is kept running for it"
    return Step(StepKey.WATCH, "Watch the release under load", (*begun, watch, errors_logged(rollout)),
                why=f"each of the plan's triggers starts an automatic rollback{kept}: {triggers_in_words(environment)}")


def users_from_here(log: AccessLog) -> tuple[Gate, ...]:
    """Where users' requests begin to count: what failed while containers were made anew is the outage."""
    if log.log is None:
        return ()

    def judge(begun: UserRequests) -> tuple[Finding, ...]:
        since = "since the switch" if log.marker else "from here on"
        return (users_were_counted(log.where, begun) if begun.problem else
                finding(USERS, True, measured=since, expected=log.where),)

    return (Gate("users' requests", (begin_counting(log),), judge, success_threshold=1, interval_s=1.0,
                 deadline_s=30.0),)


def users_of_watch(log: AccessLog, readings: Sequence[Reading]) -> tuple[Finding, ...]:
    """What the log showed of users at the end of a watch, and how many of its requests were theirs."""
    if log.log is None:
        return (users_seen(readings, "the environment file names no log of them"),)
    unread = "" if log.seen.traffic else "their log could not be read"
    return (users_were_counted(log.where, log.seen), users_seen(readings, unread))


def _log_of(environment: Environment) -> AccessLog:
    return AccessLog(environment, marker=environment.server.path(MARKER))


def _since_switch(environment: Environment) -> Question[Traffic]:
    if names_who_answered(access_log(environment.logs)):
        return traffic_since_switch(environment)
    return users_since_switch(_log_of(environment))


def release_watch(rollout: Rollout, questions: tuple[Question[Any], ...], judge: Callable[..., Reading],
                  conclude: Callable[..., tuple[Finding, ...]], history: Question[Any] | None = None) -> Watch:
    """A watch of the target since it got the traffic: so long, so often and up to the error rate that its rules say."""
    rules = rollout.environment.rollback
    return Watch(
        f"watch {rollout.target.version}", questions, judge, conclude,
        duration_s=rollout.watch_s,
        interval_s=rules.interval_s,
        since=StepKey.SWITCH,
        primary_metric=ERROR_RATE,
        limit=rules.api_error_rate_percent,
        unit="percent",
        history=history,
        headline=USERS_SEEN,
    )
