"""May this environment be put under load, what did it bear, and how was it last time? Pure."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from runbook_lib.capacity.facts.earlier_load_tests import EarlierLoadTest, comparable
from runbook_lib.capacity.facts.load_result import (
    ENDED_AT_LIMIT,
    ENDED_BY_BUDGET,
    KNEE,
    LoadResult,
    LoadStage,
    milliseconds,
)
from runbook_lib.capacity.facts.load_test import CLOSED, OPEN, LoadTestRun
from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.core.foreign_json import MISSING, value_at
from runbook_lib.core.text import readable_number
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.endpoints import CLOCK_NEXT
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.releases import Deployed

FEWEST = 30  # requests from which a 95th percentile means something
LIMITED_PERCENT, LATE_SHARE = 1.0, 0.25
FULL_CPU_PERCENT = 95.0
SLOWER, SLOWER_MS = 1.5, 50.0  # by both, a p95 is worse than last time
NOT_SENT = "no load was sent"
SAME_SERVER = "the public address leads to this server"
AGAIN = "Run the load test again."


def load_preconditions(test: LoadTestRun, environment: Environment, deployed: Deployed,
                       endpoints: Sequence[Endpoint]) -> tuple[Finding, ...]:
    """Whether a load may be sent: a target that names itself, the server behind its address, and no rate limit."""
    named = environment.load_test.target if environment.load_test else None
    target = finding("the environment names itself as the target of a load test", test.bounds is not None,
                     measured=f"load_test.target is {named}" if named else "it has no load_test",
                     expected=environment.name,
                     next_step="Choose an environment that may be put under load. That it may is said by its own "
                               "file, in load_test.target; an environment that extends it does not inherit it.")
    if test.bounds is None:
        return (target,)
    return (target, _same_server(environment, deployed, endpoints), _rate_limit(test, environment))


def load_criteria(test: LoadTestRun, environment: Environment) -> tuple[Finding, ...]:
    """The plan's criteria at the load that is judged, why the load ended, and whether the figures can be relied on."""
    result = test.result
    stage = result.judged if result else None
    if result is None or stage is None:
        return (finding("the load was sent", None, measured=NOT_SENT, expected="the first stage", next_step=AGAIN),)
    return (*_criteria(stage, test, environment), _budget(result, test), _limited(result, environment),
            _generator(stage, test), *_saturation(test, environment, result), _removed(result))


def load_compared(test: LoadTestRun, earlier: Sequence[EarlierLoadTest]) -> Finding:
    """The same load as the last one of the same flow and model: slower, or more errors, is a warning."""
    check = "as good as the last load test at this load"
    stage = test.result.judged if test.result else None
    if stage is None:
        return finding(check, None, measured=NOT_SENT)
    last = comparable(test, earlier)
    before = last.result.judged if last else None
    if last is None or before is None:
        return not_applicable(check, "the archive has none with this load, model and flow")
    now_ms, then_ms = stage.counts.percentile_ms(95), before.counts.percentile_ms(95)
    if now_ms is None or then_ms is None:
        return finding(check, None, measured="without replies there is nothing to compare")
    slower = now_ms > SLOWER * then_ms and now_ms > then_ms + SLOWER_MS
    more = (stage.counts.error_rate_percent or 0) > (before.counts.error_rate_percent or 0) + 1
    return finding(check, not slower and not more, otherwise=Verdict.WARNING,
                   measured=f"p95 {now_ms:.0f} ms, {_percent(stage)}",
                   expected=f"about p95 {then_ms:.0f} ms, {_percent(before)} ({last.started:%Y-%m-%d %H:%M} UTC)",
                   next_step="What changed since? 41 Metrics review over both times, 43 Log review for what is new.")


def load_answer(test: LoadTestRun, findings: Sequence[Finding]) -> str:
    """What the environment bears, in one sentence."""
    result = test.result
    if result is None or result.judged is None:
        return "No load was sent." if test.bounds else "This environment may not be put under load: none was sent."
    stage = result.judged
    failed = [one.check for one in findings if one.verdict is Verdict.FAILED]
    met = ("the plan's criteria are not met" if failed else "the plan's criteria are met"
           if all(one.verdict.acceptable for one in findings) else "whether the criteria are met is not known")
    p95_ms = stage.counts.percentile_ms(95)
    words = (f"At {test.amount(stage.load)} ({stage.requests_per_s:.1f} replies a second) p95 was "
             f"{'not known' if p95_ms is None else f'{p95_ms:.0f} ms'} and {_percent(stage)}: {met}.")
    return f"{words} {_end_in_words(result, test)}"


def _same_server(environment: Environment, deployed: Deployed, endpoints: Sequence[Endpoint]) -> Finding:
    """A slip in `public.url` would put another server under load: both ends have to name the same release.

    Where no reply names one, both have to have one name.
    """
    named = {path: one.commit for path, one in environment.health.endpoints.items() if one.commit}
    if not named:
        return _same_name(environment, answered=any(one.status is not None for one in endpoints))
    values = [value_at(one.fields, named[one.path]) for one in endpoints if one.path in named]
    seen = {str(one) for one in values if one is not MISSING and one}
    live = deployed.live_commit
    same = None if not seen or live is None else seen == {live}
    silent = [one for one in endpoints if one.path in named and one.status is None]
    reasons = "; ".join(dict.fromkeys(words for one in silent for words in (one.doubt, one.error) if words))
    return finding(SAME_SERVER, same, expected=(live or "a live release")[:12],
                   measured=", ".join(sorted(one[:12] for one in seen)) or reasons
                   or "no release is reported there",
                   next_step=CLOCK_NEXT if any(one.doubt for one in silent) else
                   "Compare public.url and server.host in the environment file; nothing was sent.")


def _same_name(environment: Environment, *, answered: bool) -> Finding:
    """For an application that names no commit in any reply."""
    public, server = environment.public, environment.server.host.lower()
    name = ((public.connect_to or "").rpartition(":")[0] or urlsplit(public.url).hostname or "").strip("[]").lower()
    known = answered and name == server
    return finding(SAME_SERVER, known or None, expected="one name of both, where no reply names the release",
                   measured=f"both are {server}" if known else f"{name} and {server}" if answered else "no reply",
                   next_step="Let public.url (or public.connect_to) and server.host name the server alike; or let a "
                             "health reply name its commit: health.endpoints.*.commit. Nothing was sent.")


def _rate_limit(test: LoadTestRun, environment: Environment) -> Finding:
    limit, check = environment.rate_limit, "the rate limit lets the load through"
    if limit is None:
        return not_applicable(check, "the environment file names no `rate_limit`")
    expected = f"at most {limit.requests_per_minute} requests a minute, or an exempt address"
    if limit.exempt:
        return finding(check, True, measured=f"exempt: {', '.join(limit.exempt)}", expected=expected)
    assert test.bounds is not None
    if test.model == CLOSED:
        return finding(check, None, measured="users without a pause send as many as they can", expected=expected,
                       next_step=f'Use model = "open", or {_exempt(environment)}')
    most = 60 * max(test.loads) * test.bounds.requests_per_flow
    return finding(check, most <= limit.requests_per_minute, measured=f"up to {most:.0f} requests a minute",
                   expected=expected,
                   next_step=f"Lower the load, or {_exempt(environment)}")


def _exempt(environment: Environment) -> str:
    """How a network is left out of the rate limit: by 20, which writes a file for nginx, or by the proxy's owners."""
    named = "this machine's network in rate_limit.exempt"
    if not environment.release.replaced:
        return f"name {named} and deploy it."
    return f"exempt this machine's network in the proxy's own configuration, then name {named}."


def _criteria(stage: LoadStage, test: LoadTestRun, environment: Environment) -> tuple[Finding, ...]:
    success, counts = environment.success, stage.counts
    at = f"at {test.amount(stage.load)}"
    few = counts.requests - counts.limited < FEWEST
    p95_ms, errors = counts.percentile_ms(95), counts.error_rate_percent
    note = f" of {counts.requests} requests" + (f", fewer than {FEWEST}" if few else "")
    return (
        finding(f"response time {at}", None if few or p95_ms is None else p95_ms < success.p95_ms,
                measured=f"p95 {milliseconds(p95_ms)} ms{note}", expected=f"below {success.p95_ms:g} ms (p95)",
                next_step="The table of requests names the slow one; the chart, the container that is full."),
        finding(f"error rate {at}", None if few or errors is None else errors < success.error_rate_percent,
                measured=f"{'not known' if errors is None else f'{errors:.2f} %'}{note}",
                expected=f"below {success.error_rate_percent:g} %",
                next_step="The table of stages names the error; 43 Log review shows its requests."),
    )


def _budget(result: LoadResult, test: LoadTestRun) -> Finding:
    """Used up at the load that is judged it is a failure; beyond that load it shows where the environment breaks."""
    assert test.bounds is not None
    last = result.stages[-1]
    beyond = len(result.stages) > 1
    return finding("the error budget lasted", result.ended != ENDED_BY_BUDGET,
                   otherwise=Verdict.WARNING if beyond else Verdict.FAILED,
                   measured=f"{last.counts.errors} of {last.counts.requests} requests failed at "
                            f"{test.amount(last.load)}",
                   expected=f"at most {test.bounds.error_budget_percent:g} % of the latest requests fail",
                   next_step="The load was ended at once. 40 Health: does everything work again without it?")


def _limited(result: LoadResult, environment: Environment) -> Finding:
    limited, requests = (sum(getattr(one.counts, name) for one in result.stages) for name in ("limited", "requests"))
    good = None if not requests or 100 * limited > LIMITED_PERCENT * requests else True
    return finding("the application was measured, not the rate limit", good,
                   measured=f"{limited:,} of {requests:,} requests were refused with 429",
                   expected=f"at most {LIMITED_PERCENT:g} %",
                   next_step=f"Lower the load, or {_exempt(environment)}")


def _generator(stage: LoadStage, test: LoadTestRun) -> Finding:
    """Its own delay is part of the times: a pass with it is a pass all the same, a failure may be its own."""
    check, expected = "the generator kept up", f"late by less than {100 * LATE_SHARE:.0f} % of the response time (p95)"
    if test.model != OPEN:
        return not_applicable(check, "users of the closed model are never late")
    late_ms, p95_ms = 1000 * (stage.late_p95_s or 0), stage.counts.percentile_ms(95)
    criteria_ms = test.environment.success.p95_ms
    kept_up = p95_ms is None or late_ms <= LATE_SHARE * p95_ms or p95_ms < criteria_ms
    return finding(check, True if kept_up else None, measured=f"late by {late_ms:.0f} ms (p95)", expected=expected,
                   next_step="This machine was too busy to judge the server. Run from another one, or lower the load.")


def _saturation(test: LoadTestRun, environment: Environment, result: LoadResult) -> tuple[Finding, ...]:
    condition = environment.alerts.conditions.get("MemoryUsageHigh")
    limit = (condition.above if condition else None) or 90.0
    stage, use = result.stages[0], test.use
    until = result.begin_s + stage.begins_s + stage.seconds
    peaks = {name: (max(one.cpu_percent for one in points), max(one.memory_percent for one in points))
             for name, found in use.items()
             if (points := [one for one in found if result.begin_s <= one.at_s <= until])}
    full = [f"{name}: CPU {cpu:.0f} %, memory {memory:.0f} %" for name, (cpu, memory) in peaks.items()
            if cpu >= FULL_CPU_PERCENT or memory >= limit]
    busiest = max(peaks, key=lambda name: peaks[name][0], default="")
    measured = "; ".join(full) or (f"busiest: {busiest}, CPU {peaks[busiest][0]:.0f} %" if peaks else "no sample")
    return (finding("no container is full at this load", None if not peaks else not full, otherwise=Verdict.WARNING,
                    measured=measured, expected=f"CPU below {FULL_CPU_PERCENT:g} %, memory below {limit:g} %",
                    next_step="This is what limits the environment: 61 Capacity review says what to change it to."
                    if peaks else "Does `docker stats` answer on the server? Were clocks set meanwhile? Run again."),)


def _removed(result: LoadResult) -> Finding:
    names = ", ".join(result.left[:3])
    return finding("what the flows made is removed", not result.left_count, otherwise=Verdict.WARNING,
                   measured=f"{result.left_count} accounts are left: {names}, …" if names else "nothing is left",
                   next_step="Delete the accounts that load-test.json lists: they are synthetic.")


def _end_in_words(result: LoadResult, test: LoadTestRun) -> str:
    last = test.amount(result.stages[-1].load)
    if result.ended.startswith(KNEE):
        return f"The knee is at {last}: {result.ended.removeprefix(KNEE)}."
    return {ENDED_BY_BUDGET: f"The error budget ended it at {last}.",
            ENDED_AT_LIMIT: f"No knee was reached up to {last}."}.get(result.ended, f"It was stopped at {last}.")


def _percent(stage: LoadStage) -> str:
    rate = stage.counts.error_rate_percent
    return "an unknown share failed" if rate is None else f"{readable_number(rate, 2)} % failed"
