"""A bounded synthetic load: a known number of requests at a known rate, and what came back."""

from __future__ import annotations

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from runbook_lib.core.errors import EndpointUnavailable
from runbook_lib.core.questions import Connections, Http, Question
from runbook_lib.core.statistics import percentile
from runbook_lib.environment import Environment

WORKERS = 8  # enough that a slow reply does not hold the next request back at the rates used here


@dataclass(frozen=True)
class Sample:
    """One request of the load. `status` is None when there was no reply; `seconds` is its response time."""

    path: str
    status: int | None
    seconds: float


@dataclass(frozen=True)
class Load:
    """The samples of one load, in the order they were sent, and how long all of it took in seconds."""

    samples: tuple[Sample, ...]
    duration_s: float

    @property
    def seconds(self) -> tuple[float, ...]:
        """Response times of the requests that were answered and not rate-limited, in seconds."""
        return tuple(sample.seconds for sample in self.samples if sample.status not in (None, 429))

    @property
    def errors(self) -> int:
        """Requests that got no reply or a 5xx; a 429 is the rate limit doing its work and counts nowhere."""
        return sum(1 for sample in self.samples if sample.status is None or sample.status >= 500)

    @property
    def summary(self) -> dict[str, str]:
        """The load in words, for a table."""
        shares = {f"p{share}": percentile(self.seconds, share) for share in (50, 95, 99)}
        return {
            "requests": f"{len(self.samples)} in {self.duration_s:.1f} s",
            **{name: "no reply" if value is None else f"{value * 1000:.0f} ms" for name, value in shares.items()},
            "errors": str(self.errors),
            "rate-limited": str(self.rate_limited),
        }

    @property
    def rate_limited(self) -> int:
        """Requests that the rate limit refused (429)."""
        return sum(1 for sample in self.samples if sample.status == 429)

    @property
    def error_rate_percent(self) -> float | None:
        """Errors per request that was not rate-limited, in percent; None when there was no such request."""
        counted = len(self.samples) - self.rate_limited
        return 100 * self.errors / counted if counted else None


def measure_load(environment: Environment) -> Question[Load]:
    """The configured number of GET requests at the configured rate, spread over `load.paths`.

    Bounded: `environment.load` limits requests and rate, each request ends after 10 s. An unanswered request is a
    sample, never an error.
    """

    def fetch(connections: Connections) -> Load:
        wanted, rate_per_s = environment.load.requests, environment.load.rate_per_s
        paths = environment.load.paths or environment.health.public_paths
        began = time.monotonic()
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="load") as pool:
            pending = []
            for number, path in zip(range(wanted), itertools.cycle(paths), strict=False):
                time.sleep(max(0.0, began + number / rate_per_s - time.monotonic()))
                pending.append(pool.submit(_once, connections.http, path))
            samples = tuple(future.result() for future in pending)
        return Load(samples, time.monotonic() - began)

    return Question("synthetic load", fetch, lasts_s=environment.load.requests / environment.load.rate_per_s)


def _once(http: Http, path: str) -> Sample:
    began = time.monotonic()
    try:
        reply = http.request("GET", path, timeout_s=10.0)
    except EndpointUnavailable:
        return Sample(path, None, time.monotonic() - began)
    return Sample(path, reply.status, reply.seconds)
