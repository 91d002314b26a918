"""Whether the team can be reached at all: what each channel needs is there, or the reason why it is off."""

from __future__ import annotations

from collections.abc import Iterable

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.messages import Route
from runbook_lib.environment import Environment

ADVICE = "Fill in `notifications` in the environment file; docs/runbooks/observability.md shows how."


def channels_are_configured(environment: Environment, routes: Iterable[Route]) -> tuple[Finding, ...]:
    """One finding a channel. An optional one that is off is not applicable; one that the plan requires is a warning."""
    return tuple(_finding(environment, route) for route in routes)


def _finding(environment: Environment, route: Route) -> Finding:
    check = f"{route.channel} is configured"
    if route.off and environment.alerts.channels[route.channel].optional:
        return Finding(check, Verdict.NOT_APPLICABLE, route.off)
    return finding(check, not route.off, measured=route.off or f"to {', '.join(route.to)}, through {route.through}",
                   expected="the team is reached", next_step=ADVICE, otherwise=Verdict.WARNING)
