"""Can the new containers be healthy before the wait for them ends? Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.environment import Environment
from runbook_lib.release.facts.health_timing import first_answer
from runbook_lib.release.facts.repository import ComposeConfig

CHECK = "health checks answer before the wait for them ends"


def health_in_time(config: ComposeConfig, environment: Environment) -> tuple[Finding, ...]:
    """A finding only where none can: Docker asks so late that every start of them would be undone.

    A warning where a deployment starts none of these, as it leaves services of no release alone while they run.
    """
    limit_s = environment.limits.up_wait_s
    started = [one for name, service in environment.services.items() if service.required
               for one in service.containers(name)]
    first = {name: first_answer(config.services.get(name, {})) for name in started}
    late = {name: one for name, one in first.items() if one and one.seconds >= limit_s}
    if not late:
        return ()
    release = environment.release
    always = not release.replaced or any(name in release.services for name in late)
    return (finding(
        CHECK, False, otherwise=Verdict.FAILED if always else Verdict.WARNING,
        measured="; ".join(f"{name} is asked first after {one}" for name, one in late.items()),
        expected=f"within limits.up_wait_s, {limit_s} s",
        next_step="In the Compose file give the health check a shorter interval, or a start_period and a "
                  "start_interval (Docker 25 and later); or raise limits.up_wait_s in the environment file."),)
