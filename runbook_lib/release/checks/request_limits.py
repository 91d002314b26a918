"""Does the release let users send as many requests as the environment says? Pure."""

from __future__ import annotations

from collections.abc import Iterable

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.environment import Environment
from runbook_lib.release.facts.request_limits import RequestLimits

CORRECT = ("Correct the rate of the zone in the release, or `rate_limit.requests_per_minute` of the environment file "
           "where the new rate is meant.")


def request_limits_kept(limits: Iterable[RequestLimits], environment: Environment) -> tuple[Finding, ...]:
    """One finding a proxy. A limit that the release lowers below the environment's refuses users: it is a failure.

    Requests that are refused with 429 are no errors, so no gate and no trigger would end such a release. Other rates
    than the environment's are a warning where the release brings them; zones as they are live already are none.
    """
    rule = environment.rate_limit
    return () if rule is None else tuple(_finding(one, rule.requests_per_minute) for one in limits)


def _finding(limits: RequestLimits, planned: int) -> Finding:
    name, live = f"rate limit of {limits.service}", limits.live
    if not limits.zones and not live:
        return Finding(name, Verdict.NOT_APPLICABLE, "its files have no limit_req_zone",
                       f"{planned:,} requests a minute, by whatever limits them")
    brought = {zone: rate for zone, rate in limits.zones.items()
               if rate != planned and (live is None or live.get(zone) != rate)}
    lowered = [zone for zone, rate in brought.items() if rate < planned <= (live or {}).get(zone, 0)]
    removed = [zone for zone in live or {} if zone not in limits.zones]
    measured = ", ".join((*(_words(zone, rate, live) for zone, rate in limits.zones.items()),
                          *(f"{zone}: removed" for zone in removed)))
    verdict = Verdict.FAILED if lowered else Verdict.WARNING if brought or removed else Verdict.PASSED
    return Finding(name, verdict, measured, f"{planned:,} requests a minute, or as it is live",
                   "" if verdict is Verdict.PASSED else CORRECT)


def _words(zone: str, rate: int, live: object) -> str:
    before = live.get(zone) if isinstance(live, dict) else None
    return f"{zone}: {rate:,} a minute" + (f" (live: {before:,})" if before is not None and before != rate else "")
