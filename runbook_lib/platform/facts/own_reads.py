"""Reads of our own from outside, and how they were answered: where no access log of a proxy counts those of users."""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

from runbook_lib.core.deadlines import each_within
from runbook_lib.core.errors import CertificateOutOfDate, EndpointUnavailable, NameUnresolved
from runbook_lib.core.questions import Connections, Http, Question
from runbook_lib.environment import Environment
from runbook_lib.environment.requests import filled
from runbook_lib.environment.traffic import AGENT, own_paths
from runbook_lib.platform.facts.certificates import clock_problem
from runbook_lib.platform.facts.traffic import BIN_S, SecondBucket, Traffic

WORKERS, TIMEOUT_S = 8, 5.0
MORE_S = 0.5  # for what comes in addition to the exchange
LONGEST_PROBE_S = 15.0  # a probe that took longer is not made up for all at once
RATE_LIMITED, SERVER_ERROR = 429, 500


@dataclass(frozen=True)
class Read:
    """One request: its path (`<number>`: another one each time), status (None: no answer) and seconds.

    `error`, `dated` and `doubt` are as of an Endpoint.
    """

    path: str
    at: datetime
    status: int | None
    seconds: float = 0.0
    error: str = ""
    dated: bool = False
    doubt: str = ""

    @property
    def is_error(self) -> bool:
        """No answer, or an error of the server."""
        return self.status is None or self.status >= SERVER_ERROR


@dataclass
class OwnReads:
    """The reads of one plan, all of them: a watch judges what was answered since the release is there."""

    environment: Environment
    done: list[Read] = field(default_factory=list)
    clock: Callable[[], float] = time.monotonic
    _watched_at: float | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """What users read without a log-in, by the environment file."""
        return own_paths(self.environment.traffic, self.environment.load)

    def due(self) -> int:
        """How many reads a probe sends: `rollback.synthetic_per_s` since the last one, and each path in any case.

        Where probes take long there are fewer of them, and an error rate needs its number of requests all the same.
        """
        rules, now = self.environment.rollback, self.clock()
        passed_s = rules.interval_s if self._watched_at is None else max(rules.interval_s, now - self._watched_at)
        self._watched_at = now
        return max(len(self.paths), round(rules.synthetic_per_s * min(passed_s, LONGEST_PROBE_S)))

    def send(self, connections: Connections, number: int) -> tuple[Read, ...]:
        """So many reads, each path in turn, each answered within 5 s or not at all; kept, and returned."""
        paths = list(itertools.islice(itertools.cycle(self.paths), number))
        with ThreadPoolExecutor(min(WORKERS, max(1, number)), thread_name_prefix="reads") as pool:
            found = tuple(pool.map(lambda path: _read(connections.http, path, TIMEOUT_S, False), paths))
        self.done += found
        return found

    def send_once_each(self, connections: Connections, *, timeout_s: float,
                       resolved: bool) -> tuple[Read, ...]:
        """One read of each path, all at once: as many as hang take no longer than one of them.

        With `resolved` it raises NameUnresolved, where this machine can send none of them.
        """
        at, http = datetime.now(UTC), connections.http  # opened here, not by several threads at once
        calls = [partial(_read, http, path, timeout_s, resolved) for path in self.paths]
        found = tuple(each_within(timeout_s + MORE_S, calls, lambda number: Read(
            shown(self.paths[number]), at, None, error=f"No reply within {timeout_s + MORE_S:g} s.")))
        self.done += found
        return found


def read_each_path(reads: OwnReads, *, timeout_s: float = TIMEOUT_S,
                   resolved: bool = False) -> Question[tuple[Read, ...]]:
    """Each path once. An unanswered read is a value, never an error; with `resolved`, NameUnresolved is raised.

    Source: the application at its public address.
    """

    def fetch(connections: Connections) -> tuple[Read, ...]:
        found = reads.send_once_each(connections, timeout_s=timeout_s, resolved=resolved)
        doubt = clock_problem(connections) if any(one.dated for one in found) else ""
        return tuple(replace(one, doubt=doubt) if one.dated else one for one in found)

    return Question("public reads", fetch)


def own_traffic(reads: OwnReads) -> Question[Traffic]:
    """The reads that are due, and all that were sent so far, second by second."""

    def fetch(connections: Connections) -> Traffic:
        reads.send(connections, reads.due())
        return traffic_of(reads.done)

    return Question("reads since the replacement", fetch)


def traffic_of(reads: Sequence[Read]) -> Traffic:
    """Reads as traffic; rate-limited ones are left out, and those without an answer are errors."""
    requests, errors = Counter[datetime](), Counter[datetime]()
    bins: dict[datetime, Counter[int]] = {}
    for one in reads:
        if one.status == RATE_LIMITED:
            continue
        at = one.at.replace(microsecond=0)
        requests[at] += 1
        errors[at] += one.is_error
        if one.status is not None:
            bins.setdefault(at, Counter())[int(one.seconds / BIN_S)] += 1
    seconds = tuple(SecondBucket(at, requests[at], errors[at], 0, dict(bins.get(at, {}))) for at in sorted(requests))
    return Traffic(seconds, max((one.at for one in reads), default=datetime.now(UTC)))


def shown(path: str) -> str:
    """A path of `traffic.reads` as 43 shows it: of a file's placeholder a reader knows nothing."""
    return path.replace("${number}", "<number>")


def _read(http: Http, path: str, timeout_s: float, resolved: bool) -> Read:
    at = datetime.now(UTC)
    try:
        reply = http.request("GET", filled(path, {"number": str(random.randrange(500))}),
                             headers={"User-Agent": AGENT}, timeout_s=timeout_s)
    except EndpointUnavailable as error:
        if resolved and isinstance(error, NameUnresolved):
            raise
        return Read(shown(path), at, None, error=error.what, dated=isinstance(error, CertificateOutOfDate))
    return Read(shown(path), at, reply.status, reply.seconds)
