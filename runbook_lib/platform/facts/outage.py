"""How long users get no answer while containers are made anew: asked from outside, the whole time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise

from runbook_lib.core.errors import EndpointUnavailable, RunbookError
from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment

EVERY_S, TIMEOUT_S = 0.25, 2.0
QUIET_S = 300.0  # a thread that is forgotten ends: nothing failed for so long after all that may follow
SERVER_ERROR = 500


@dataclass(frozen=True)
class Outage:
    """What requests from outside met: how many, how many failed, and the seconds without an answer in all.

    Each stretch of failures ends with the first good answer after it. `lasts`: the last one has none yet.
    """

    requests: int
    failed: int
    seconds: float
    lasts: bool = False


@dataclass
class OutageProbe:
    """The requests of one plan. `begin` sends them until `end` is asked, or none failed for `quiet_s`."""

    environment: Environment
    quiet_s: float = QUIET_S
    samples: list[tuple[float, bool]] = field(default_factory=list)
    clock: Callable[[], float] = time.monotonic
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def path(self) -> str:
        """What is asked for: the API's first health endpoint, else the page."""
        api = self.environment.release.api
        return next((path for path, rule in self.environment.health.endpoints.items()
                     if rule.service == api and not rule.private), "/")

    def begin(self, connections: Connections) -> Outage:
        """Send the first request now, and the others from a thread; one that sends already goes on.

        After `end` it begins anew; a thread that ended on its own has met a part of the same outage.
        """
        if self._thread is not None and self._thread.is_alive() and not self._ended.is_set():
            return self.so_far()
        if self._ended.is_set():
            self.samples.clear()
        self._ended.clear()
        self.ask_once(connections)
        self._thread = threading.Thread(target=self._ask_on, args=(connections,), name="outage", daemon=True)
        self._thread.start()
        return self.so_far()

    def ask_once(self, connections: Connections) -> None:
        """One request. No answer is a failure, and so is an error of the server."""
        at = self.clock()
        try:
            good = connections.http.request("GET", self.path, timeout_s=TIMEOUT_S).status < SERVER_ERROR
        except EndpointUnavailable:
            good = False
        self.samples.append((at, good))

    def so_far(self) -> Outage:
        """What the requests met until now."""
        return outage_of(tuple(self.samples))

    def end(self) -> Outage:
        """Send no more."""
        self._ended.set()
        return self.so_far()

    def _ask_on(self, connections: Connections) -> None:
        last = self.clock()
        # a connection that was closed meanwhile is the run's own end
        with suppress(RunbookError):
            while not self._ended.wait(EVERY_S) and self.clock() < last + self.quiet_s:
                self.ask_once(connections)
                at, good = self.samples[-1]
                last = last if good else at


def outage_of(samples: tuple[tuple[float, bool], ...]) -> Outage:
    """The outage in samples of (seconds, answered), oldest first."""
    # from each failure to the next request, whatever that met
    seconds = sum(later - at for (at, good), (later, _) in pairwise(samples) if not good)
    failed = sum(not good for _, good in samples)
    return Outage(len(samples), failed, float(seconds), lasts=bool(samples) and not samples[-1][1])


def begin_outage(probe: OutageProbe) -> Question[Outage]:
    """The first of the requests; the others follow until `end_outage` is asked."""
    return Question("requests from outside", probe.begin)


def outage_so_far(probe: OutageProbe) -> Question[Outage]:
    """What they met until now."""
    return Question("outage for users", lambda connections: probe.so_far())


def end_outage(probe: OutageProbe) -> Question[Outage]:
    """What they met in all; none is sent any more."""
    return Question("outage for users", lambda connections: probe.end())
