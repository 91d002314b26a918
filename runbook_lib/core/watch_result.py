"""What a watch saw, probe by probe."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from runbook_lib.core.findings import Finding, Verdict


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
class WatchResult:
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
