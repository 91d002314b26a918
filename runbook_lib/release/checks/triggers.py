"""The plan's automatic rollback triggers: what one probe means after the previous ones. Pure: the execution acts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.gates import Reading, TriggerFired
from runbook_lib.core.text import pluralize
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.endpoints import endpoints_show
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.traffic import ERROR_RATE, Traffic
from runbook_lib.release.checks.critical_services import critical_services_down, only_unhealthy

# The triggers in the plan's words, and the metrics of a reading.
HEALTH = "Deployment health check failures"
ERRORS = "API error rate > {limit:g}%"
UNAVAILABLE = "Critical service unavailable"
FAILING, REQUESTS, P95, MISSING = "failed probes in a row", "requests", "p95 in ms", "critical services unavailable"
OF_USERS = "of these of users"
REPLY = "slowest health reply in ms"

FEWEST_FOR_P95, LATEST_S = 20, 5.0  # a new colour's first seconds are slow: they must not count for later ones
SLOWER_THAN_HEALTH = 8  # where health replies and pages are nearly as slow, the machine is slow, not the release

Judge = Callable[..., tuple[Finding, ...]]


def judge_watch(
    environment: Environment, commit: str, colour: str, restarts: Mapping[str, int]
) -> Callable[[Sequence[Reading], Sequence[Any]], Reading]:
    """For a Watch over (containers, endpoints, traffic since the switch, OOM kills of the backend).

    `restarts` are the restart counts of the shared services before the deployment.
    """

    def judge(before: Sequence[Reading], answers: Sequence[Any]) -> Reading:
        containers, endpoints, traffic, kills = (None if isinstance(one, Exception) else one for one in answers)
        unanswered = [Finding("probe", Verdict.INCONCLUSIVE, str(one).split("\n")[0])
                      for one in answers if isinstance(one, Exception)]
        down: tuple[Finding, ...] = ()
        confirmed: Sequence[Finding] = ()
        if containers is not None:
            down = critical_services_down(environment, containers, colour, restarts, kills)
            sure = critical_services_down(environment, containers, colour, restarts, kills,
                                          only_unhealthy(containers, restarts))
            confirmed = sure or _if_lasting(environment, down, before)
        sick = () if endpoints is None else _unhealthy(
            environment, endpoints, commit, server_answers=containers is not None)
        reply = max((one.seconds * 1000 for one in endpoints or () if one.seconds is not None), default=None)
        slow = _slow(environment, traffic, [*(one.metrics.get(REPLY) for one in before), reply])
        faults = (*down, *sick, *slow, *unanswered)
        metrics = {
            FAILING: float(_failing(before, faults)),
            **_traffic_metrics(traffic),
            MISSING: float(len(down)) if containers is not None else None,
            REPLY: reply,
        }
        return Reading(metrics, faults, fired_by(environment, metrics, faults, confirmed))

    return judge


def fired_by(environment: Environment, metrics: Mapping[str, float | None], faults: Sequence[Finding],
             down: Sequence[Finding]) -> TriggerFired | None:
    """The trigger that these figures fire, the most specific first; None when none does."""
    rules = environment.rollback
    if down:
        return TriggerFired(UNAVAILABLE, MISSING, float(len(down)), 0, "services", _in_words(down[0]))
    rate, requests = metrics.get(ERROR_RATE), metrics.get(REQUESTS) or 0
    if rate is not None and requests >= rules.minimum_requests and rate > rules.api_error_rate_percent:
        return TriggerFired(errors_trigger(environment), ERROR_RATE, rate, rules.api_error_rate_percent, "percent",
                            f"of {requests:.0f} requests since the switch")
    failing = metrics.get(FAILING) or 0
    if failing >= rules.failure_threshold:
        first = next((one for one in faults if one.verdict is Verdict.FAILED), None)
        cause = _in_words(first) if first else ""
        return TriggerFired(HEALTH, FAILING, failing, rules.failure_threshold, "probes", cause)
    return None


def errors_trigger(environment: Environment) -> str:
    """The plan's words for too many errors."""
    return ERRORS.format(limit=environment.rollback.api_error_rate_percent)


def triggers_in_words(environment: Environment) -> str:
    """The plan's triggers in its words, each with the figures of this environment at which it fires."""
    rules = environment.rollback
    probes = pluralize(rules.failure_threshold, "failing probe")
    figures = (f"{probes} in a row, {rules.interval_s:g} s apart; one with a p95 above "
               f"{slow_limit_ms(environment) / 1000:g} s fails too",
               f"above {rules.api_error_rate_percent:g} % of {pluralize(rules.minimum_requests, 'request')} or more",
               f"gone, stopped or restarted: at once; unhealthy: {rules.failure_threshold} times in a row")
    if len(rules.triggers) != len(figures):  # words of a plan of its own: which figures belong to which is not known
        return ", ".join(rules.triggers)
    return "; ".join(f"{words} ({figure})" for words, figure in zip(rules.triggers, figures, strict=True))


def with_error_rate(environment: Environment, judge: Judge) -> Judge:
    """A gate's judge that gets the traffic since the switch as one more answer, and applies the error trigger to it."""
    rules, name = environment.rollback, errors_trigger(environment)

    def judged(*answers: Any) -> tuple[Finding, ...]:
        *others, traffic = answers
        rate = traffic.error_rate_percent
        too_many = traffic.requests >= rules.minimum_requests and (rate or 0) > rules.api_error_rate_percent
        measured = "no request yet" if rate is None else f"{rate:.2f} % of {traffic.requests} requests since the switch"
        return (*judge(*others), finding(name, not too_many, measured=measured, expected="the trigger does not fire",
                                         next_step="Search the application's log for the first error since then."))

    return judged


def slow_limit_ms(environment: Environment) -> float:
    """The response time that the plan's alert calls too slow, in milliseconds; 2 s where it has no such alert."""
    condition = environment.alerts.conditions.get("ApiResponseTimeHigh")
    return ((condition.above if condition else None) or 2.0) * 1000


def _failing(before: Sequence[Reading], faults: Sequence[Finding]) -> int:
    """Failed probes in a row, this one included. A probe without an answer neither counts nor resets."""
    failing = int(before[-1].metrics[FAILING] or 0) if before else 0
    if any(one.verdict is Verdict.FAILED for one in faults):
        return failing + 1
    return 0 if all(one.verdict.acceptable for one in faults) else failing


def _if_lasting(environment: Environment, down: Sequence[Finding], before: Sequence[Reading]) -> Sequence[Finding]:
    """What is only reported unhealthy counts as down after as many probes in a row as a failed health check needs."""
    in_a_row = 1 + next((place for place, reading in enumerate(reversed(before)) if not reading.metrics[MISSING]),
                        len(before))
    return down if in_a_row >= environment.rollback.failure_threshold else ()


def _unhealthy(environment: Environment, endpoints: tuple[Endpoint, ...], commit: str, *,
               server_answers: bool) -> tuple[Finding, ...]:
    """What the health endpoints show. No reply while the server is unreachable too proves nothing about the release."""
    silent = bool(endpoints) and all(one.status is None for one in endpoints)
    if silent and not server_answers:
        return (Finding("endpoints", Verdict.INCONCLUSIVE, endpoints[0].error),)
    return tuple(one for one in endpoints_show(environment, endpoints, commit) if not one.verdict.acceptable)


def _traffic_metrics(traffic: Traffic | None) -> dict[str, float | None]:
    if traffic is None:
        return {ERROR_RATE: None, REQUESTS: None, OF_USERS: None, P95: None}
    p95_s = traffic.p95_s
    return {ERROR_RATE: traffic.error_rate_percent, REQUESTS: float(traffic.requests),
            OF_USERS: float(sum(one.external for one in traffic.seconds)),
            P95: None if p95_s is None else p95_s * 1000}


def _slow(environment: Environment, traffic: Traffic | None, replies: Sequence[float | None]) -> tuple[Finding, ...]:
    """A p95 that is above the alert's limit now, unless the whole machine is slow. `replies`: each probe's slowest."""
    limit_ms = slow_limit_ms(environment)
    p95_s = traffic.latest_p95_s(LATEST_S, FEWEST_FOR_P95) if traffic else None
    if p95_s is None or p95_s * 1000 <= limit_ms:
        return ()
    usual = median([one for one in replies if one is not None] or [0.0])
    release_is_slow = p95_s * 1000 >= SLOWER_THAN_HEALTH * usual
    return (finding("response time p95 now", False,
                    otherwise=Verdict.FAILED if release_is_slow else Verdict.WARNING,
                    measured=f"{p95_s * 1000:.0f} ms, health replies and pages {usual:.0f} ms",
                    expected=f"<= {limit_ms:g} ms", next_step="Search the application's log for slow requests."),)


def _in_words(one: Finding) -> str:
    return f"{one.check}: {one.measured}"
