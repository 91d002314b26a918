"""The watch after a deployment: many looks, each good or not, and a look without an answer is not a good one."""

from __future__ import annotations

from collections.abc import Callable

from runbook_lib.core.findings import Finding, finding
from runbook_lib.core.gates import Gate
from runbook_lib.core.watch_result import WatchResult
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.live_release import containers_are_healthy, endpoints_show
from runbook_lib.platform.facts.containers import Container, survey_containers
from runbook_lib.platform.facts.endpoints import Endpoint, survey_endpoints
from runbook_lib.platform.facts.releases import Release


def watch_of(environment: Environment, release: Release, duration_s: float | None = None) -> Gate:
    """What a watch probes, how often and how long, in seconds; None: as the environment says."""
    return Gate(
        f"watch {release.version}",
        (survey_containers(environment), survey_endpoints(environment)),
        judge_look(environment, release),
        interval_s=environment.watch.interval_s,
        deadline_s=environment.watch.duration_s if duration_s is None else duration_s,
    )


def judge_look(
    environment: Environment, release: Release
) -> Callable[[tuple[Container, ...], tuple[Endpoint, ...]], tuple[Finding, ...]]:
    """Containers well, endpoints answering as this release."""

    def judge(containers: tuple[Container, ...], endpoints: tuple[Endpoint, ...]) -> tuple[Finding, ...]:
        services = environment.running_services(release.colour)
        return (*containers_are_healthy(containers, services), *endpoints_show(endpoints, release.commit))

    return judge


def watch_was_clean(watched: WatchResult, gate: Gate) -> Finding:
    """Every look good is a pass; a bad one fails; missed looks or an early end leave it open."""
    bad = sum(1 for probe in watched.probes if probe.faults and not probe.unanswered)
    unanswered = sum(1 for probe in watched.probes if probe.unanswered)
    complete = bool(watched.probes) and not watched.ended_early and not unanswered
    return finding(
        "watch",
        False if bad else True if complete else None,
        measured=f"{len(watched.probes)} probes in {watched.duration_s:.0f} s: "
                 f"{bad} with a fault, {unanswered} unanswered",
        expected=f"{gate.deadline_s:.0f} s of good probes",
        next_step="The table of the watch names the first fault and its time; run 21 Verify again for an "
                  "unbroken watch.",
    )
