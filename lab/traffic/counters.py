"""The results of requests, counted by the second in which each was due, so that waiting hides nothing.

A request fails when its connection is refused or reset, when no complete reply came in time, and when the reply is
not the expected one. Nothing is sent twice.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from runbook_lib.core.statistics import percentile

MAX_FAILURES = 200
LATE_S = 0.5  # a generator that sends later than this measures itself, not the server


@dataclass(frozen=True)
class Failure:
    """A request that failed: when it was due (seconds since the start), what it was, why, and after how long."""

    due_s: float
    request: str
    why: str
    seconds: float


@dataclass(frozen=True)
class LoadResult:
    """The load from its start (Unix time) to its end: requests by second, times in seconds, the first failures."""

    began_at: float
    wanted_rate: float
    sent: int
    failed: int
    posts: int
    failed_posts: int
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None
    slip_p99_s: float
    slip_max_s: float
    sent_by_second: tuple[int, ...]
    failed_by_second: tuple[int, ...]
    reasons: dict[str, int]
    failures: tuple[Failure, ...] = ()
    acknowledged: int = 0
    rows_found: int | None = None

    @property
    def seconds(self) -> int:
        """For how many seconds requests were sent."""
        return len(self.sent_by_second)

    @property
    def rate(self) -> float:
        """Requests a second actually sent."""
        return self.sent / self.seconds if self.seconds else 0.0

    @property
    def outage_s(self) -> int:
        """Seconds in which at least one request failed."""
        return sum(failed > 0 for failed in self.failed_by_second)

    @property
    def kept_up(self) -> bool:
        """Whether the generator kept the wanted rate, and sent nearly every request in time."""
        return self.seconds > 0 and self.rate >= 0.99 * self.wanted_rate and self.slip_p99_s <= LATE_S

    @property
    def writes_lost(self) -> int | None:
        """Acknowledged writes that are not in the database; None when the database was not checked."""
        return None if self.rows_found is None else max(0, self.acknowledged - self.rows_found)

    def clean_from(self, moment: float, clean_s: int) -> float | None:
        """Unix time at which the first `clean_s` whole seconds without a failure begin, at `moment` or later.

        None while there is no such period: seconds that were not measured are not clean.
        """
        first = max(0, math.ceil(moment - self.began_at))
        for begin in range(first, self.seconds - clean_s + 1):
            if not any(self.failed_by_second[begin : begin + clean_s]):
                return self.began_at + begin
        return None

    def between(self, begin: float, end: float) -> tuple[int, int, int]:
        """Requests sent, requests failed and seconds with a failure, from one Unix time to another."""
        part = slice(max(0, math.floor(begin - self.began_at)), max(0, math.ceil(end - self.began_at)))
        failed = self.failed_by_second[part]
        return sum(self.sent_by_second[part]), sum(failed), sum(count > 0 for count in failed)

    def __str__(self) -> str:
        words = (f"{self.sent:,} requests in {self.seconds} s ({self.rate:.0f}/s, {self.posts:,} POSTs): "
                 f"{self.failed} failed, in {self.outage_s} s; p95 {_ms(self.p95_s)}")
        if self.reasons:
            words += "; " + ", ".join(f"{count} {why}" for why, count in sorted(self.reasons.items()))
        if self.writes_lost:
            words += f"; {self.writes_lost} acknowledged writes are NOT in the database"
        if not self.kept_up:
            words += (f"; the generator did NOT keep {self.wanted_rate:.0f}/s "
                      f"(99 % sent at most {self.slip_p99_s:.2f} s late): void for that rate")
        return words

    def write(self, path: Path) -> None:
        """Write the result as JSON, replaced atomically."""
        temporary = path.with_name(path.name + ".new")
        temporary.write_text(json.dumps(asdict(self) | {"outage_s": self.outage_s, "kept_up": self.kept_up}, indent=1))
        temporary.replace(path)

    @classmethod
    def read(cls, path: Path) -> LoadResult:
        """A result that `write` wrote. Raises ValueError or OSError when there is none."""
        data: dict[str, Any] = json.loads(path.read_text())
        known = {name: data[name] for name in cls.__dataclass_fields__}
        known["failures"] = tuple(Failure(**failure) for failure in data["failures"])
        known["sent_by_second"] = tuple(data["sent_by_second"])
        known["failed_by_second"] = tuple(data["failed_by_second"])
        return cls(**known)


@dataclass
class Counters:
    """Counts while the load runs. A second is settled when all its requests have ended."""

    began_at: float
    wanted_rate: float
    sent: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    pending: list[int] = field(default_factory=list)
    posts: int = 0
    failed_posts: int = 0
    acknowledged: int = 0
    slips: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)

    def begin(self, due_s: float, slip_s: float, *, post: bool) -> None:
        """Count a request that is about to be sent, `slip_s` later than it was due."""
        second = int(due_s)
        while len(self.sent) <= second:
            self.sent.append(0)
            self.failed.append(0)
            self.pending.append(0)
        self.sent[second] += 1
        self.pending[second] += 1
        self.posts += post
        self.slips.append(slip_s)

    def end(self, due_s: float, seconds: float, request: str, why: str = "", *, writes: bool = False) -> None:
        """Count its end after `seconds`; `why` is empty unless it failed. `writes`: it requested a new row."""
        second, post = int(due_s), request.startswith("POST ")
        self.pending[second] -= 1
        self.times.append(seconds)
        if not why:
            self.acknowledged += writes
            return
        self.failed[second] += 1
        self.failed_posts += post
        self.reasons[why] += 1
        if len(self.failures) < MAX_FAILURES:
            self.failures.append(Failure(round(due_s, 3), request, why, round(seconds, 3)))

    def settled(self, now_s: float) -> int:
        """How many seconds, from the first on, are over and have no request in progress."""
        over = min(int(now_s), len(self.sent))
        return next((second for second in range(over) if self.pending[second]), over)

    def result(self, rows_found: int | None = None) -> LoadResult:
        """The result so far; `rows_found` is the number of its rows in the database."""
        times, slips = sorted(self.times), sorted(self.slips)
        return LoadResult(
            began_at=self.began_at, wanted_rate=self.wanted_rate, sent=sum(self.sent), failed=sum(self.failed),
            posts=self.posts, failed_posts=self.failed_posts,
            p50_s=percentile(times, 50), p95_s=percentile(times, 95), p99_s=percentile(times, 99),
            slip_p99_s=percentile(slips, 99) or 0.0, slip_max_s=slips[-1] if slips else 0.0,
            sent_by_second=tuple(self.sent), failed_by_second=tuple(self.failed), reasons=dict(self.reasons),
            failures=tuple(self.failures), acknowledged=self.acknowledged, rows_found=rows_found,
        )


def _ms(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{seconds * 1000:.0f} ms"
