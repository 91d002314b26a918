"""Whether the team can be reached at all: what each channel needs is there, or why it is off; and for which runs."""

from __future__ import annotations

from collections.abc import Iterable

from runbook_lib.contract.catalogue import runbooks
from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.messages import Route
from runbook_lib.core.text import did_you_mean
from runbook_lib.environment import Environment

NO_CHANNEL = "alerts.channels of the environment file names none"
ADVICE = "Fill in `notifications` in the environment file; docs/runbooks/observability.md shows how."


def channels_are_configured(environment: Environment, routes: Iterable[Route]) -> tuple[Finding, ...]:
    """One finding a channel. An optional one that is off is not applicable; one that the plan requires is a warning.

    So is a name in `notifications.runs` that is not a notebook's: it would inform no one. Without any channel there is
    nothing to pass.
    """
    found = tuple(_finding(environment, route) for route in routes)
    none = (Finding("a channel is configured", Verdict.NOT_APPLICABLE, NO_CHANNEL),)
    return *(found or none), *_unknown_runs(environment)


def _unknown_runs(environment: Environment) -> tuple[Finding, ...]:
    known = [one.name for one in runbooks()]
    return tuple(
        Finding(f"{name} is a notebook", Verdict.WARNING, f"there is no notebook {name!r}{did_you_mean(name, known)}",
                "its runs inform the team", "Correct notifications.runs in the environment file: runbook list")
        for name in environment.notifications.runs if name not in known)



def _finding(environment: Environment, route: Route) -> Finding:
    check = f"{route.channel} is configured"
    if route.off and environment.alerts.channels[route.channel].optional:
        return Finding(check, Verdict.NOT_APPLICABLE, route.off)
    return finding(check, not route.off, measured=route.off or f"to {', '.join(route.to)}, through {route.through}",
                   expected="the team is reached", next_step=ADVICE, otherwise=Verdict.WARNING)
