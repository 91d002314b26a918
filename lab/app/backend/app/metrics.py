"""Prometheus metrics of all gunicorn workers together."""

from __future__ import annotations

import os
from collections.abc import Iterator

from prometheus_client import REGISTRY as PROCESS_REGISTRY
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)

requests_total = Counter("gw2_http_requests_total", "HTTP requests answered", ("method", "route", "status"))
request_seconds = Histogram(
    "gw2_http_request_duration_seconds", "Time to answer, in seconds", ("method", "route"), buckets=SECONDS
)
pool_connections = Gauge(
    "gw2_db_pool_connections", "Database connections of the pool", ("state",), multiprocess_mode="livesum"
)
cache_requests = Counter("gw2_cache_requests_total", "Cache look-ups: hit, miss or error", ("result",))

for _result in ("hit", "miss", "error"):  # a rate over a missing series has no data; it is not zero
    cache_requests.labels(_result)


class _ActiveUsers(Collector):
    """Counted once for all workers, at the moment of the scrape."""

    def __init__(self, count: int) -> None:
        self._count = count

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily("gw2_active_users", "Users seen in the last 15 minutes", value=self._count)


def exposition(active_users: int | None) -> bytes:
    """The text of /metrics. `active_users` None (Redis is away) leaves that series out: missing is not zero."""
    registry = PROCESS_REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    text = generate_latest(registry)
    if active_users is not None:
        users = CollectorRegistry()
        users.register(_ActiveUsers(active_users))
        text += generate_latest(users)
    return text
