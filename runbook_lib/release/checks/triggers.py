"""The plan's automatic rollback triggers: what one look means after those before it. Pure; the walk acts on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.gates import Reading, TriggerFired
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.live_release import containers_are_healthy, endpoints_show
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.traffic import ERROR_RATE, Traffic

HEALTH = "Deployment health check failures"
ERRORS = "API error rate > {limit:g}%"
UNAVAILABLE = "Critical service unavailable"
FAILING, REQUESTS, P95, MISSING = "failing looks in a row", "requests", "p95 in ms", "critical services unavailable"
REPLY = "slowest health reply in ms"
FEWEST_FOR_P95, LATEST_S = 20, 5.0  # a new colour's first seconds are slow: they must not speak for those after them
SLOWER_THAN_HEALTH = 8  # where health replies and pages are nearly as slow, the machine is, not the release
UNANSWERED_SHARE = 0.2  # a watch that missed more of its looks than this has not watched


def judge_watch(
    environment: Environment, commit: str, colour: str, restarts: Mapping[str, int]
) -> Callable[[Sequence[Reading], Sequence[Any]], Reading]:
    """For a Watch over (containers, endpoints, traffic since the switch, memory kills of the backend).

    `restarts` are the restart counts of the shared services before the deployment.
    """

    def judge(before: Sequence[Reading], answers: Sequence[Any]) -> Reading:
        containers, endpoints, traffic, kills = (None if isinstance(one, Exception) else one for one in answers)
        missed = [Finding("look", Verdict.INCONCLUSIVE, str(one).splitlines()[0])
                  for one in answers if isinstance(one, Exception)]
        down = () if containers is None else critical_services_down(environment, containers, colour, restarts, kills)
        ill = () if endpoints is None else _ill(endpoints, commit, server_answers=containers is not None)
        replies = [one.seconds * 1000 for one in endpoints or () if one.seconds is not None]
        reply = max(replies, default=None)
        slow = _slow(environment, traffic, [*(one.metrics.get(REPLY) for one in before), reply])
        faults = (*down, *ill, *slow, *missed)
        failing = int(before[-1].metrics[FAILING] or 0) if before else 0
        if any(one.verdict is Verdict.FAILED for one in faults):
            failing += 1
        elif all(one.verdict.acceptable for one in faults):
            failing = 0
        rate, p95 = (traffic.error_rate_percent, traffic.p95_s) if traffic else (None, None)
        metrics = {
            FAILING: float(failing),
            ERROR_RATE: rate,
            REQUESTS: float(traffic.requests) if traffic else None,
            P95: None if p95 is None else p95 * 1000,
            MISSING: float(len(down)) if containers is not None else None,
            REPLY: reply,
        }
        return Reading(metrics, faults, fired_by(environment, metrics, faults, _surely(environment, down, before)))

    return judge


def fired_by(environment: Environment, metrics: Mapping[str, float | None], faults: Sequence[Finding],
             down: Sequence[Finding]) -> TriggerFired | None:
    """The trigger that these figures fire, the most telling first; None when none does."""
    rules = environment.rollback
    if down:
        return TriggerFired(UNAVAILABLE, MISSING, float(len(down)), 0, "services", _words(down[0]))
    rate, requests = metrics.get(ERROR_RATE), metrics.get(REQUESTS) or 0
    if rate is not None and requests >= rules.minimum_requests and rate > rules.api_error_rate_percent:
        limit = rules.api_error_rate_percent
        return TriggerFired(ERRORS.format(limit=limit), ERROR_RATE, rate, limit, "percent",
                     f"of {requests:.0f} requests since the switch")
    failing = metrics.get(FAILING) or 0
    if failing >= rules.failure_threshold:
        first = next((one for one in faults if one.verdict is Verdict.FAILED), None)
        return TriggerFired(HEALTH, FAILING, failing, rules.failure_threshold, "looks", _words(first) if first else "")
    return None


Judge = Callable[..., tuple[Finding, ...]]


def errors_trigger(environment: Environment) -> str:
    """The plan's words for too many errors."""
    return ERRORS.format(limit=environment.rollback.api_error_rate_percent)


def with_error_rate(environment: Environment, judge: Judge) -> Judge:
    """A gate's judge that gets the traffic since the switch as one more answer, and holds its errors to the trigger."""
    rules = environment.rollback
    name = errors_trigger(environment)

    def judged(*answers: Any) -> tuple[Finding, ...]:
        *others, traffic = answers
        rate = traffic.error_rate_percent
        too_many = traffic.requests >= rules.minimum_requests and (rate or 0) > rules.api_error_rate_percent
        measured = "no request yet" if rate is None else f"{rate:.2f} % of {traffic.requests} requests since the switch"
        return (*judge(*others), finding(name, not too_many, measured=measured, expected="the trigger does not fire",
                                         next_step="Search the backend's log for the first error after the switch."))

    return judged


def critical_services_down(environment: Environment, containers: tuple[Container, ...], colour: str,
                           restarts: Mapping[str, int], kills: int | None = None) -> tuple[Finding, ...]:
    """The critical services that do not do their work: gone, stopped, unhealthy, restarted or killed for memory."""
    services = {name for name, service in environment.services.items() if service.critical and service.required}
    wanted = tuple(one for one in environment.running_services(colour) if one.removesuffix(f"-{colour}") in services)
    starting = {one.service for one in containers if one.state == "running" and one.health == "starting"
                and one.restart_count <= restarts.get(one.service, 0) and not one.oom_killed}
    down = [one for one in containers_are_healthy(containers, tuple(name for name in wanted if name not in starting),
                                               restarts) if one.verdict is Verdict.FAILED]
    if kills:
        down.append(finding(f"backend-{colour} is healthy", False, measured=f"{kills} processes killed for memory",
                            expected="none", next_step="Its memory limit is in the environment file; look for a leak."))
    return tuple(down)


def conclude_watch(environment: Environment) -> Callable[[Sequence[Reading]], tuple[Finding, ...]]:
    """What a watch proves that no trigger ended. What was not seen is inconclusive, never a pass."""

    def conclude(readings: Sequence[Reading]) -> tuple[Finding, ...]:
        last, rules = readings[-1], environment.rollback
        unanswered = sum(any(one.verdict is Verdict.INCONCLUSIVE for one in reading.faults) for reading in readings)
        seen = all(one.verdict.acceptable for one in last.faults) and unanswered <= UNANSWERED_SHARE * len(readings)
        known = [one.metrics for one in readings if one.metrics.get(ERROR_RATE) is not None]
        metrics = known[-1] if known else last.metrics
        rate, requests, p95 = metrics.get(ERROR_RATE), metrics.get(REQUESTS) or 0, metrics.get(P95)
        enough = rate is not None and requests >= rules.minimum_requests
        verify = "Open 21 Verify: it looks for longer, with a load of its own."
        quick = None if p95 is None else p95 < environment.success.p95_ms
        return (
            finding("health during the watch", True if seen else None, next_step=verify,
                    measured=f"{len(readings)} looks, {unanswered} without an answer",
                    expected="looks that all answer"),
            finding(ERROR_RATE, (rate or 0) <= rules.api_error_rate_percent if enough else None, next_step=verify,
                    measured="unknown" if rate is None else f"{rate:.2f} % of {requests:.0f} requests since the switch",
                    expected=f"<= {rules.api_error_rate_percent:g} % of at least {rules.minimum_requests} requests"),
            finding("response time p95 since the switch", quick, otherwise=Verdict.WARNING, next_step=verify,
                    measured="unknown" if p95 is None else f"{p95:.0f} ms",
                    expected=f"< {environment.success.p95_ms} ms"),
        )

    return conclude


def slow_limit_ms(environment: Environment) -> float:
    """The response time that the plan's alert calls too slow, in milliseconds."""
    return (environment.alerts.conditions["ApiResponseTimeHigh"].above or 2.0) * 1000


def _surely(environment: Environment, down: Sequence[Finding], before: Sequence[Reading]) -> Sequence[Finding]:
    """What is down beyond doubt. Only called unhealthy, on a machine that is busy, it may answer all the same: that
    must have been seen in as many looks in a row as a failing health check."""
    in_a_row = 1 + next((place for place, reading in enumerate(reversed(before)) if not reading.metrics[MISSING]),
                        len(before))
    gone = [one for one in down if one.measured != "unhealthy"]
    return gone or (down if in_a_row >= environment.rollback.failure_threshold else ())


def _ill(endpoints: tuple[Endpoint, ...], commit: str, *, server_answers: bool) -> tuple[Finding, ...]:
    """What the health endpoints show. No reply while the server is out of reach too says nothing about the release."""
    silent = all(one.status is None for one in endpoints)
    if silent and not server_answers:
        return (Finding("endpoints", Verdict.INCONCLUSIVE, endpoints[0].error if endpoints else "not asked"),)
    return tuple(one for one in endpoints_show(endpoints, commit) if not one.verdict.acceptable)


def _slow(environment: Environment, traffic: Traffic | None, replies: Sequence[float | None]) -> tuple[Finding, ...]:
    """A p95 that is above the alert's limit now, unless everything on this machine is slow. `replies`: the slowest of
    each look."""
    limit_ms = slow_limit_ms(environment)
    p95_s = traffic.latest_p95_s(LATEST_S, FEWEST_FOR_P95) if traffic else None
    if p95_s is None or p95_s * 1000 <= limit_ms:
        return ()
    usual = median([one for one in replies if one is not None] or [0.0])
    release = p95_s * 1000 >= SLOWER_THAN_HEALTH * usual
    return (finding("response time p95 now", False,
                    otherwise=Verdict.FAILED if release else Verdict.WARNING,
                    measured=f"{p95_s * 1000:.0f} ms, health replies and pages {usual:.0f} ms",
                    expected=f"<= {limit_ms:g} ms", next_step="Search the backend's log for slow requests."),)


def _words(one: Finding) -> str:
    return f"{one.check}: {one.measured}"
