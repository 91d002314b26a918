"""What a review of logs found, as values: small, whatever the size of the logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from runbook_lib.observability.facts.log_reading import CONTINUED

MOST_SHOWN = 30  # routes and templates in a table
MOST_SINGLE = 10  # requests in a table; the sample has more
NO_REQUEST = "No request was read."
_ID_SHOWN = 12  # characters, enough to find it in a log


@dataclass(frozen=True)
class LogReading:
    """How well a log could be read. `problem` is why it could not be read at all, or not to its end; else empty."""

    log: str
    kind: str
    lines: int = 0
    outside: int = 0
    unreadable: Mapping[str, int] | None = None
    samples: tuple[str, ...] = ()
    problem: str = ""
    gaps: tuple[str, ...] = ()

    @property
    def unreadable_lines(self) -> int:
        """Lines that could not be read; what belongs to a message that could be read, as a traceback does, is none."""
        read = self.lines + self.outside
        return sum(count for reason, count in (self.unreadable or {}).items() if not read or reason != CONTINUED)

    @property
    def row(self) -> dict[str, object]:
        """For a table."""
        reasons = [f"{count:,} {reason}" for reason, count in (self.unreadable or {}).items()]
        return {"log": self.log, "lines in the window": f"{self.lines:,}", "outside of it": f"{self.outside:,}",
                "unreadable": "; ".join(reasons) or "0", "missing": "; ".join(filter(None, (self.problem, *self.gaps)))}

    @property
    def unreadable_percent(self) -> float | None:
        """Their share of all lines that came; None where none came."""
        total = self.lines + self.outside + self.unreadable_lines
        return 100 * self.unreadable_lines / total if total else None


@dataclass(frozen=True)
class StatusBin:
    """Requests answered in a while from `at` on, by the first digit of the status; 5 is the server's own fault."""

    at: datetime
    counts: Mapping[int, int]


@dataclass(frozen=True)
class RouteTimes:
    """A route's requests, its 5xx, and its response times in milliseconds; None where the log has no times."""

    route: str
    requests: int
    errors: int
    p50_ms: int | None = None
    p95_ms: int | None = None
    p99_ms: int | None = None
    slowest_ms: int | None = None


@dataclass(frozen=True)
class Client:
    """An address that requests came from: a person, a proxy with many behind it, or a probe."""

    client_address: str
    requests: int
    refused: int
    errors: int


@dataclass(frozen=True)
class SlowRequest:
    """One request as the proxy saw it, and what the application logged for it under the same id."""

    at: datetime
    route: str
    status: int
    seconds: float | None
    request_id: str
    application_seconds: float | None = None
    application: str = ""

    @property
    def row(self) -> dict[str, object]:
        """For a table."""
        return {"at": f"{self.at:%Y-%m-%d %H:%M:%S}", "request": f"{self.status} {self.route}",
                "took": _milliseconds(self.seconds), "in the application": _milliseconds(self.application_seconds),
                "the application logged": self.application, "id": self.request_id[:_ID_SHOWN]}


@dataclass(frozen=True)
class MessageTemplate:
    """Messages that differ only in their variable parts. `older` of them are from before the deployment."""

    level: str
    template: str
    count: int
    first: datetime
    last: datetime
    trend: str
    log: str
    example: str
    older: int = 0
    is_new: bool = False

    @property
    def row(self) -> dict[str, object]:
        """For a table."""
        return {"template": f"{'NEW ' if self.is_new else ''}{self.level} {self.template}", "count": f"{self.count:,}",
                "trend": self.trend, "from": f"{self.first:%m-%d %H:%M:%S}", "to": f"{self.last:%m-%d %H:%M:%S}",
                "an example": self.example}


@dataclass(frozen=True)
class LogReview:
    """The logs of a window. `deployed_at` is the last deployment, where it is known and lies in the window.

    `deployment` says in words which it was, or why nothing can be compared with what was before.
    """

    since: datetime
    until: datetime
    deployed_at: datetime | None
    deployment: str
    readings: tuple[LogReading, ...] = ()
    requests: int = 0
    timed_requests: int = 0
    messages: int = 0
    messages_before: int = 0
    statuses: tuple[StatusBin, ...] = ()
    routes: tuple[RouteTimes, ...] = ()
    clients: tuple[Client, ...] = ()
    slow: tuple[SlowRequest, ...] = ()
    failed: tuple[SlowRequest, ...] = ()
    templates: tuple[MessageTemplate, ...] = ()
    errors: int = 0
    errors_before: int = 0
    requests_before: int = 0
    deployments_known: bool = True
    deployed_version: str = ""

    def of_kind(self, kind: str) -> tuple[LogReading, ...]:
        """The logs of a kind."""
        return tuple(one for one in self.readings if one.kind == kind)

    def _of_those(self, kind: str) -> str:
        """What a sentence about all of them leaves out, in words."""
        missing = any(one.unreadable_lines or one.problem for one in self.of_kind(kind))
        return " among those that could be read" if missing else ""

    @property
    def slowest_routes(self) -> tuple[RouteTimes, ...]:
        """For a table: the slowest routes first; those with the most requests where no times are logged."""
        return tuple(sorted(self.routes, key=lambda one: (-(one.p95_ms or 0), -one.requests)))[:MOST_SHOWN]

    @property
    def slowest_requests(self) -> tuple[dict[str, object], ...] | str:
        """For a table: the slowest single requests; a sentence where there is none."""
        return tuple(one.row for one in self.slow[:MOST_SINGLE]) or (
            "No request has a response time." if self.requests else NO_REQUEST)

    @property
    def failed_requests(self) -> tuple[dict[str, object], ...] | str:
        """For a table: the last requests answered with 5xx; a sentence where there is none."""
        return tuple(one.row for one in self.failed[-MOST_SINGLE:]) or (
            f"No request{self._of_those('access')} was answered with 5xx." if self.requests else NO_REQUEST)

    @property
    def top_templates(self) -> tuple[dict[str, object], ...] | str:
        """For a table: new templates first, then errors, then warnings, each by their number."""
        return tuple(one.row for one in self.templates[:MOST_SHOWN]) or (
            f"No error and no warning{self._of_those('application')}." if self.messages else "No message was read.")

    @property
    def unreadable_samples(self) -> tuple[dict[str, str], ...] | str:
        """For a table: beginnings of lines that could not be read, with the reason; a sentence where there is none."""
        return tuple({"log": one.log, "reason and beginning": sample} for one in self.readings
                     for sample in one.samples) or "None that can be shown."

    @property
    def reading_rows(self) -> tuple[dict[str, object], ...] | str:
        """For a table: how well each log could be read."""
        return tuple(one.row for one in self.readings) or "The environment file names no logs."


def _milliseconds(seconds: float | None) -> str:
    return "–" if seconds is None else f"{1000 * seconds:,.0f} ms"
