"""Which critical services are down, and which of them beyond doubt. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.container_health import containers_are_healthy
from runbook_lib.platform.facts.containers import Container


def critical_services_down(environment: Environment, containers: tuple[Container, ...], colour: str,
                           restarts: Mapping[str, int], kills: int | None = None,
                           ignored: frozenset[str] = frozenset()) -> tuple[Finding, ...]:
    """The critical services that do not work: gone, stopped, unhealthy, restarted or killed for memory.

    `restarts` are earlier restarts by service, `kills` the processes killed for memory in the backend; `ignored` are
    services to leave out.
    """
    critical = {name for name, service in environment.services.items() if service.critical and service.required}
    if environment.release.replaced:
        critical |= set(environment.release.services)  # one that does not run is the release's own fault
    left_out = {*ignored, *_with_health(containers, "starting", restarts)}
    wanted = tuple(one for one in environment.running_services(colour)
                   if one.removesuffix(f"-{colour}") in critical and one not in left_out)
    found = containers_are_healthy(containers, wanted, restarts)
    down = [one for one in found if one.verdict is Verdict.FAILED]
    if kills:
        # the kernel may kill one worker and leave the container running: its own state does not show it
        down.append(finding(f"{environment.api_of(colour)} is healthy", False,
                            measured=f"{kills} processes killed for memory", expected="none",
                            next_step="Its limit is in the environment file; check for a leak."))
    return tuple(down)


def only_unhealthy(containers: tuple[Container, ...], restarts: Mapping[str, int]) -> frozenset[str]:
    """Services that run and are only reported unhealthy: on a busy machine they may answer all the same."""
    return frozenset(_with_health(containers, "unhealthy", restarts))


def _with_health(containers: tuple[Container, ...], health: str, restarts: Mapping[str, int]) -> set[str]:
    return {one.service for one in containers if one.state == "running" and one.health == health
            and one.restart_count <= restarts.get(one.service, 0) and not one.oom_killed}
