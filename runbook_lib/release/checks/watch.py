"""The watch after a deployment: many probes, each good or not; one without an answer does not count as good. Pure."""

from __future__ import annotations

from collections.abc import Callable

from runbook_lib.core.findings import Finding, finding
from runbook_lib.core.gates import Gate
from runbook_lib.core.watch_result import WatchResult
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.container_health import containers_are_healthy
from runbook_lib.platform.checks.endpoints import endpoints_show, without_commit
from runbook_lib.platform.checks.replaced_release import release_runs
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.earlier_answers import Unanswered
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.release_history import Release


def judge_probe(
    environment: Environment, release: Release, missing: Unanswered | None = None, lacks: frozenset[str] = frozenset(),
) -> Callable[[tuple[Container, ...], tuple[Endpoint, ...]], tuple[Finding, ...]]:
    """For a Gate over (containers, endpoints): containers healthy, endpoints answering as this release.

    `missing` are the paths that an earlier release, which a rollback returned to, does not have; None for any other.
    `lacks` are services that the live release has not.
    """
    texts_of: frozenset[str] | None = None if missing is None else frozenset()
    unanswered = missing or {}

    def judge(containers: tuple[Container, ...], endpoints: tuple[Endpoint, ...]) -> tuple[Finding, ...]:
        unnamed = frozenset() if missing is None else without_commit(environment, endpoints)
        services = tuple(one for one in environment.running_services(release.colour) if one not in lacks)
        return (*containers_are_healthy(containers, services),
                *endpoints_show(environment, endpoints, release.commit, release.named_version, texts_of=texts_of,
                                 unanswered=unanswered),
                *release_runs(environment, containers, release, unanswered, unnamed))

    return judge


def watch_was_clean(watched: WatchResult, gate: Gate) -> Finding:
    """All probes good is a pass, a bad one a failure; unanswered probes or an early end are inconclusive."""
    bad = sum(1 for probe in watched.probes if probe.faults and not probe.unanswered)
    unanswered = sum(1 for probe in watched.probes if probe.unanswered)
    complete = bool(watched.probes) and not watched.ended_early and not unanswered
    return finding(
        "watch",
        False if bad else True if complete else None,
        measured=f"{len(watched.probes)} probes in {watched.duration_s:.0f} s: {bad} failed, {unanswered} unanswered",
        expected=f"{gate.deadline_s:.0f} s of good probes",
        next_step="The table of the watch names the first fault and its time; run 21 Verify again for an uninterrupted "
        "watch.",
    )
