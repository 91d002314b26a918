"""Does the application write into this database? One that is healthy on another one never does."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import pairwise

from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import pluralize

# what is read by our own sessions changes none of these. Source: PostgreSQL manual, pg_stat_database
_COUNTER = ("SELECT tup_inserted + tup_updated + tup_deleted AS rows FROM pg_stat_database "
            "WHERE datname = current_database()")
# PostgreSQL adds a session's counts up to a second late
PAUSE_S, SAMPLES = 1.5, 4


@dataclass(frozen=True)
class WrittenRows:
    """Rows that were written by anybody between samples, oldest first."""

    grown: tuple[int, ...]

    @property
    def total(self) -> int:
        """Rows in all."""
        return sum(self.grown)

    @property
    def in_words(self) -> str:
        """What came before a release, and what it is good for: `5 rows in 4.5 s, in each of 3 samples`."""
        how = "in each" if self.all_the_time else "not in each"
        return (f"{pluralize(self.total, 'row')} in {PAUSE_S * len(self.grown):g} s, {how} of "
                f"{pluralize(len(self.grown), 'sample')}")

    @property
    def all_the_time(self) -> bool:
        """Whether rows came in each interval: then a pause of many intervals means that the writer is gone."""
        return bool(self.grown) and all(self.grown)


@dataclass
class RowCounter:
    """The counters of one plan: how much was written before the release, and since its first sample."""

    before: WrittenRows | None = None
    samples: list[int] = field(default_factory=list)

    def measure_before(self, connections: Connections) -> WrittenRows:
        """A few seconds of what is written while the earlier release runs."""
        counts = [_count(connections)]
        while len(counts) < SAMPLES:
            time.sleep(PAUSE_S)
            counts.append(_count(connections))
        self.before = WrittenRows(_differences(counts))
        return self.before

    def sample(self, connections: Connections) -> WrittenRows:
        """What was written since the first sample after the release came."""
        self.samples.append(_count(connections))
        return WrittenRows(_differences(self.samples))


def rows_before(counter: RowCounter) -> Question[WrittenRows]:
    """Rows that are written while the earlier release runs; takes about five seconds. Source: pg_stat_database."""
    return Question("rows written before", counter.measure_before)


def rows_since(counter: RowCounter) -> Question[WrittenRows]:
    """Rows written since this was asked first. Source: pg_stat_database."""
    return Question("rows written since", counter.sample)


def _count(connections: Connections) -> int:
    return int(connections.database.rows(_COUNTER)[0]["rows"])


def _differences(counts: list[int]) -> tuple[int, ...]:
    # statistics that were reset begin again at nothing
    return tuple(max(0, later - earlier) for earlier, later in pairwise(counts))
