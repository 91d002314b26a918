"""Does each service have containers that run, are healthy, and were neither restarted nor killed for memory? Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from runbook_lib.core.findings import Finding, finding
from runbook_lib.core.text import head_of
from runbook_lib.platform.facts.containers import Container

NO_HEALTH_CHECK = "no health check"
STARTING = "starting"  # Docker's own word
ASK_AGAIN = "Docker has not judged its health check yet. Run this again in a minute."


def containers_are_healthy(containers: tuple[Container, ...], services: tuple[str, ...],
                           restarts: Mapping[str, int] | None = None, *,
                           may_start: bool = False) -> tuple[Finding, ...]:
    """Each service has a running, healthy container that was neither restarted nor killed for memory.

    `restarts`: earlier restarts by service, which do not count. `may_start`: what only reads comes at any time; a
    service that Docker has not judged yet, as one of monitoring right after a rollback, is inconclusive then.
    """
    known = restarts or {}
    return tuple(_service_is_healthy([one for one in containers if one.service == service], service,
                                     known.get(service, 0), may_start=may_start) for service in services)


def restarts_of(containers: tuple[Container, ...]) -> dict[str, int]:
    """Restart counts by service, to compare with later ones; of a scaled service, those of all its containers."""
    counts: Counter[str] = Counter()
    for one in containers:
        counts[one.service] += one.restart_count
    return dict(counts)


def _service_is_healthy(containers: list[Container], service: str, restarts: int, *, may_start: bool) -> Finding:
    """Of all that run: a scaled service is as healthy as the worst of them. One that does not run is a leftover of an
    interrupted recreation, unless none runs at all."""
    name = f"{service} is healthy"
    expected = "running, healthy, no restart, not killed for memory"
    judged = [one for one in containers if one.state == "running"] or containers
    if not judged:
        return finding(name, False, measured="no container", expected=expected,
                       next_step="See `docker ps --all` on the server, and read its last log.")
    # earlier restarts are known by service: a recreated container begins at 0
    excess = sum(one.restart_count for one in judged) - restarts
    found = [_faults_of(one, min(excess, one.restart_count)) for one in judged]
    worst = next((place for place, faults in enumerate(found) if faults), 0)
    measured = ", ".join(found[worst]) or _well(judged[worst])
    if len(judged) > 1:
        measured = f"{judged[worst].name}: {measured}" if found[worst] else f"{len(judged)} containers {measured}"
    if may_start and all(faults in ([], [STARTING]) for faults in found) and found[worst]:
        return finding(name, None, measured=measured, expected=expected, next_step=ASK_AGAIN)
    return finding(name, not found[worst], measured=measured, expected=expected,
                   next_step=f"Read its log: `docker logs {judged[worst].name}` on the server.")


def unchecked_services(containers: tuple[Container, ...], services: tuple[str, ...]) -> dict[str, str]:
    """The services that run without a health check, as the environment file allows, and its reason for each."""
    return {one.service: one.unchecked for one in containers
            if one.service in services and one.health is None and one.unchecked}


def healthy_but(unchecked: Mapping[str, str]) -> str:
    """`all healthy`; what no health check shows is named: `all healthy but worker (no health check: …)`."""
    named = ", ".join(f"{name} ({NO_HEALTH_CHECK}: {head_of(reason, 120)})" for name, reason in unchecked.items())
    return f"all healthy but {named}" if named else "all healthy"


def _well(one: Container) -> str:
    """That it runs is all that is known of a container without a health check."""
    return f"running; {NO_HEALTH_CHECK}: {head_of(one.unchecked, 120)}" if one.health is None else "running, healthy"


def _faults_of(one: Container, restarts_since: int) -> list[str]:
    faults = [one.state] if one.state != "running" else []
    if one.health != "healthy" and not (one.health is None and one.unchecked):
        faults.append(str(one.health or "no health check"))
    faults += [f"{restarts_since} restarts"] if restarts_since > 0 else []
    return [*faults, "killed for memory"] if one.oom_killed else faults
