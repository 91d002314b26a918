"""The watch after a deployment: many looks, each good or not, and a look without an answer is not a good one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from runbook_lib.checks.release import containers_are_well, endpoints_show
from runbook_lib.environment import Environment
from runbook_lib.facts.containers import Container, containers_of
from runbook_lib.facts.endpoints import Endpoint, endpoints_of
from runbook_lib.facts.releases import Release
from runbook_lib.plan import Finding, Gate, Verdict, finding

CLEAN = (Verdict.PASSED, Verdict.WARNING)


@dataclass(frozen=True)
class Look:
    """One look of a watch: when (UTC), and what was not as it should be."""

    at: datetime
    faults: tuple[Finding, ...]

    @property
    def missed(self) -> bool:
        """Whether something could not be looked at: neither good nor bad."""
        return any(fault.verdict is Verdict.INCONCLUSIVE for fault in self.faults)


@dataclass(frozen=True)
class Watched:
    """All looks of a watch and how long it really was, in seconds. `ended_early`: somebody interrupted it."""

    looks: tuple[Look, ...]
    started_at: datetime
    duration_s: float
    ended_early: bool = False

    @property
    def ended_at(self) -> datetime:
        """UTC time of the watch's end."""
        return self.started_at + timedelta(seconds=self.duration_s)

    def window_start(self, event: datetime) -> datetime:
        """The time of `event`, or an hour before the watch's end when that is later."""
        return max(event, self.ended_at - timedelta(hours=1))

    @property
    def table(self) -> tuple[dict[str, str], ...]:
        """The first ten looks with a fault; one line that says so when there was none."""
        bad = [look for look in self.looks if look.faults][:10]
        if not bad:
            return ({"looks": str(len(self.looks)), "seconds": f"{self.duration_s:.0f}", "faults": "none"},)
        return tuple(
            {"at": f"{look.at:%H:%M:%S} UTC", "fault": fault.check, "measured": fault.measured}
            for look in bad
            for fault in look.faults
        )


def watch_of(environment: Environment, release: Release, duration_s: float = -1) -> Gate:
    """What a watch looks at, how often and how long; a negative duration takes the environment's own."""
    return Gate(
        f"watch {release.version}",
        (containers_of(environment), endpoints_of(environment)),
        judge_look(environment, release),
        interval_s=environment.watch.interval_s,
        deadline_s=environment.watch.duration_s if duration_s < 0 else duration_s,
    )


def judge_look(
    environment: Environment, release: Release
) -> Callable[[tuple[Container, ...], tuple[Endpoint, ...]], tuple[Finding, ...]]:
    """Containers well, endpoints answering as this release."""

    def judge(containers: tuple[Container, ...], endpoints: tuple[Endpoint, ...]) -> tuple[Finding, ...]:
        services = environment.running_services(release.colour)
        return (*containers_are_well(containers, services), *endpoints_show(endpoints, release.commit))

    return judge


def watch_was_calm(watched: Watched, gate: Gate) -> Finding:
    """Every look good is a pass; a bad one fails; missed looks or an early end leave it open."""
    bad = sum(1 for look in watched.looks if look.faults and not look.missed)
    missed = sum(1 for look in watched.looks if look.missed)
    complete = bool(watched.looks) and not watched.ended_early and not missed
    return finding(
        "watch",
        False if bad else True if complete else None,
        measured=f"{len(watched.looks)} looks in {watched.duration_s:.0f} s: {bad} with a fault, {missed} unanswered",
        expected=f"{gate.deadline_s:.0f} s of good looks",
        next="The table of the watch names the first fault and its time; run 21 Verify again for an unbroken watch.",
    )
