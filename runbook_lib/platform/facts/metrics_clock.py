"""What time it is for Prometheus, how far back its data reach, and when it scraped last: asked before any of its data.

A series goes on for five minutes after its last sample: only the time of that sample shows that nothing comes any more.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.times import from_timestamp
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.availability import Unanswered, with_deadline
from runbook_lib.platform.facts.monitoring import Sample, instant_query
from runbook_lib.platform.facts.server_clock import server_clock

DEADLINE_S = 20.0
CLOCK = "time()"
OLDEST = "min(prometheus_tsdb_lowest_timestamp_seconds)"  # Prometheus' own measure of how far its data reach back
# of a job that ended within the hour by minutes: a job that goes on would be up to a minute older by that than it is
SCRAPES = "max by (job) (timestamp(up)) or max by (job) (max_over_time(timestamp(up)[1h:1m]))"


@dataclass(frozen=True)
class MetricsClock:
    """`now` is Prometheus' time in UTC, which is `ahead_s` seconds ahead of this machine's; None where it is not said.

    `data_since`: the oldest sample that it keeps. `scrapes`: when each job was scraped last, within an hour; empty:
    none was; None: it is not said. `unanswered`: it did not answer at all.
    """

    now: datetime | None = None
    ahead_s: float | None = None
    data_since: datetime | None = None
    scrapes: Mapping[str, datetime] | None = None
    unanswered: Unanswered | None = None


def metrics_clock(environment: Environment, deadline_s: float) -> Question[MetricsClock]:
    """Prometheus' clock and the ages of its data; each of three queries has `deadline_s`. Raises nothing of its own."""

    def fetch(connections: Connections) -> MetricsClock:

        def samples(query: str) -> tuple[Sample, ...] | Unanswered:
            asked = instant_query(environment, query, timeout_s=deadline_s)
            return with_deadline(asked, deadline_s).fetch(connections)

        began, started = time.monotonic(), datetime.now(UTC)
        clock = samples(CLOCK)
        middle = started + timedelta(seconds=(time.monotonic() - began) / 2)
        if isinstance(clock, Unanswered):
            return MetricsClock(unanswered=clock)
        now = _time_of(clock)
        if now is None:
            return MetricsClock()
        since, scrapes = _time_of(samples(OLDEST)), samples(SCRAPES)
        times = None if isinstance(scrapes, Unanswered) else {
            one.labels.get("job", "a target"): at for one in scrapes if (at := _time_of((one,)))}
        return MetricsClock(now, round((now - middle).total_seconds(), 1), since if since and since <= now else None,
                            times)

    return Question("Prometheus' clock", fetch)


def prometheus_ahead(environment: Environment, deadline_s: float = DEADLINE_S) -> Question[float | Unanswered]:
    """Seconds by which Prometheus' clock is ahead of the server's, beyond the time of asking; whatever ours is.

    Raises nothing of its own. Source: `time()`, between two times of `date` on the server.
    """

    def fetch(connections: Connections) -> float:
        before = server_clock().fetch(connections).now
        now = _time_of(instant_query(environment, CLOCK, timeout_s=deadline_s).fetch(connections))
        after = server_clock().fetch(connections).now
        if now is None:
            raise FactUnreadable("Prometheus does not say what time it is", next_step="Is it Prometheus that answers?")
        nearest = min(max(now, before), after)
        return round((now - nearest).total_seconds(), 1)

    return with_deadline(Question("Prometheus' clock", fetch), deadline_s)


def _time_of(samples: tuple[Sample, ...] | Unanswered) -> datetime | None:
    """The one value as a time; None where it is not one."""
    if isinstance(samples, Unanswered) or not samples or samples[0].value is None:
        return None
    try:
        return from_timestamp(samples[0].value)
    except (OverflowError, ValueError, OSError):
        return None
