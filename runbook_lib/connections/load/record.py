"""What a load did, in bounds: counters and histograms a second and a stage, however many requests were sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from runbook_lib.core.histogram import Histogram, merged

WINDOW_S = 10  # the error budget is that of the last seconds: an error rate of the whole would hide a sudden end
RATE_LIMITED = 429


@dataclass
class Counts:
    """Requests of one second, stage or step. `limited` were refused by the rate limit; `unsent` found no connection."""

    replies: int = 0
    errors: int = 0
    limited: int = 0
    unsent: int = 0
    times: Histogram = field(default_factory=Histogram)

    def add(self, seconds: float, status: int | None, expected: int, *, sent: bool = True) -> None:
        """Count one request that took `seconds` from the moment at which it should have been sent."""
        self.times.add(seconds)
        self.unsent += not sent
        self.replies += status is not None
        self.limited += status == RATE_LIMITED
        self.errors += status not in (expected, RATE_LIMITED)

    @property
    def requests(self) -> int:
        """All of them."""
        return self.times.total

    def to_json(self) -> dict[str, Any]:
        """The counts, and the histogram's counters."""
        return {"requests": self.requests, "replies": self.replies, "errors": self.errors, "limited": self.limited,
                "unsent": self.unsent, "times": self.times.to_json()}


@dataclass
class Stage:
    """One stage: the load that was asked for, its visits, and what came of them by step."""

    load: float
    begins_s: float
    seconds: float = 0.0
    visits: int = 0
    finished: int = 0
    works: int = 0
    late: Histogram = field(default_factory=Histogram)
    counts: Counts = field(default_factory=Counts)
    steps: dict[str, Counts] = field(default_factory=dict)
    backlog: list[int] = field(default_factory=list)  # visits in progress, each half second
    reasons: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {"load": self.load, "begins_s": round(self.begins_s, 3), "seconds": round(self.seconds, 3),
                "visits": self.visits, "finished": self.finished, "works": self.works,
                "late_p95_s": self.late.percentile(95), "counts": self.counts.to_json(),
                "steps": {name: one.to_json() for name, one in self.steps.items()}, "reasons": self.reasons}


class Record:
    """The counters of one load. Times are seconds since it began."""

    def __init__(self) -> None:
        self.stages: list[Stage] = []
        self.seconds: dict[int, Counts] = {}

    def add(self, at_s: float, stage: Stage, step: str, seconds: float, status: int | None, expected: int,
            reason: str, *, sent: bool = True) -> None:
        """Count one request, which ended at `at_s` and belongs to `stage`, wherever time has gone since."""
        for counts in (self.seconds.setdefault(int(at_s), Counts()), stage.counts,
                       stage.steps.setdefault(step, Counts())):
            counts.add(seconds, status, expected, sent=sent)
        if status != expected and (reason in stage.reasons or len(stage.reasons) < 20):
            stage.reasons[reason] = stage.reasons.get(reason, 0) + 1

    def lacking(self, at_s: float, stage: Stage, step: str) -> None:
        """A request that was counted as good had a reply without what the flow needs of it: it is an error."""
        for counts in (self.seconds.setdefault(int(at_s), Counts()), stage.counts,
                       stage.steps.setdefault(step, Counts())):
            counts.errors += 1
        reason = f"{step}: the reply lacks what is to be kept"
        stage.reasons[reason] = stage.reasons.get(reason, 0) + 1

    def recent(self, at_s: float, at_least: int = 0) -> Counts:
        """The requests that ended in the last seconds, the one in progress included.

        A slow load has few in so short a time: then the time goes as far back as `at_least` requests that were judged.
        """
        now, found = int(at_s), Counts()
        for second in sorted(self.seconds, reverse=True):
            if second < now - WINDOW_S and found.requests - found.limited >= at_least:
                break
            one = self.seconds[second]
            found.errors, found.limited = found.errors + one.errors, found.limited + one.limited
            found.times = merged((found.times, one.times))
        return found

    def rows(self, seconds: Iterable[int]) -> list[dict[str, Any]]:
        """A row a second, with percentiles instead of counters."""
        rows = []
        for second in seconds:
            one = self.seconds.get(second, Counts())
            rows.append({"second": second, "requests": one.requests, "errors": one.errors, "limited": one.limited,
                         **{f"p{share}_s": one.times.percentile(share) for share in (50, 95, 99)}})
        return rows
