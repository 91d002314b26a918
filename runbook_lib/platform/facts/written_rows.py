"""Does the application write into this database? One that is healthy on another one never does."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import pairwise

from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import pluralize

# what is read by our own sessions changes none of these. Source: PostgreSQL manual, pg_stat_database
_COUNTER = ("SELECT tup_inserted + tup_updated + tup_deleted AS rows, "
            "current_setting('server_version_num')::int < 150000 OR current_setting('track_counts') = 'off' AS late "
            "FROM pg_stat_database WHERE datname = current_database()")
# PostgreSQL adds a session's counts up to a second late, and up to ten where it is idle at once; below 15 such a
# session adds them with its next statement, whenever that is. Source: pgstat.c
LATE_S = 12.0
PAUSE_S, SAMPLES = 1.5, 4


@dataclass(frozen=True)
class WrittenRows:
    """Rows that were written by anybody between samples, oldest first.

    `late`: what a session wrote that is idle since may not be among them yet, or nothing is counted (track_counts).
    `stored`: they are counted from before a smoke test that stores some. Without that sample its rows are in none.
    """

    grown: tuple[int, ...]
    late: bool = False
    stored: bool = False

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

    # `began_before`: the first sample was taken before the smoke test
    before: WrittenRows | None = None
    samples: list[int] = field(default_factory=list)
    late: bool = False
    began_before: bool = False

    def measure_before(self, connections: Connections) -> WrittenRows:
        """A few seconds of what is written while the earlier release runs."""
        counts = [self._count(connections)]
        while len(counts) < SAMPLES:
            time.sleep(PAUSE_S)
            counts.append(self._count(connections))
        self.before = WrittenRows(_differences(counts), self.late)
        return self.before

    def begin(self, connections: Connections) -> None:
        """The first sample, where none was taken: before the smoke test writes, so that its rows count."""
        if not self.samples:
            self.samples.append(self._count(connections))
            self.began_before = True

    def sample(self, connections: Connections) -> WrittenRows:
        """What was written since the first sample after the release came."""
        self.samples.append(self._count(connections))
        return WrittenRows(_differences(self.samples), self.late, self.began_before)

    def _count(self, connections: Connections) -> int:
        found = connections.database.rows(_COUNTER)[0]
        self.late = bool(found["late"])
        return int(found["rows"])


def rows_before(counter: RowCounter) -> Question[WrittenRows]:
    """Rows that are written while the earlier release runs; takes about five seconds. Source: pg_stat_database."""
    return Question("rows written before", counter.measure_before)


def rows_since(counter: RowCounter) -> Question[WrittenRows]:
    """Rows written since the counter began, or since this was asked first. Source: pg_stat_database."""
    return Question("rows written since", counter.sample)


def _differences(counts: list[int]) -> tuple[int, ...]:
    # statistics that were reset begin again at nothing
    return tuple(max(0, later - earlier) for earlier, later in pairwise(counts))
