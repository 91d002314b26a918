"""What a watch saw, probe by probe."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.times import clock

MOST_ROWS = 10  # probes with a fault that the table shows; the journal has them all


@dataclass(frozen=True)
class Probe:
    """One probe of a watch: when (UTC), and what was not as it should be."""

    at: datetime
    faults: tuple[Finding, ...]

    @property
    def unanswered(self) -> bool:
        """Whether something could not be probed: neither good nor bad."""
        return any(fault.verdict is Verdict.INCONCLUSIVE for fault in self.faults)


@dataclass(frozen=True)
class WatchResult:
    """All probes of a watch and how long it really was, in seconds. `ended_early`: it was interrupted."""

    probes: tuple[Probe, ...]
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
        """The first probes with a fault; one line that says so when there was none."""
        faulty = [probe for probe in self.probes if probe.faults][:MOST_ROWS]
        if not faulty:
            return ({"probes": str(len(self.probes)), "seconds": f"{self.duration_s:.0f}", "faults": "none"},)
        return tuple(
            {"at": clock(probe.at), "fault": fault.check, "measured": fault.measured}
            for probe in faulty
            for fault in probe.faults
        )
