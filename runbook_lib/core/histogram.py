"""Response times of any number of requests in a few hundred counters: percentiles within 2 %, and sums of several."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

LEAST_S = 0.0001  # shorter times count as this: no request over a network takes less
GROWTH = 1.02  # each counter ends 2 % higher than the previous one: from 0.1 ms to 10 minutes in 790 counters
MOST = math.ceil(math.log(600 / LEAST_S, GROWTH))
_LOG = math.log(GROWTH)


@dataclass
class Histogram:
    """Counts by size of the value in seconds. Source: the idea of HdrHistogram, a fixed relative precision."""

    counts: dict[int, int] = field(default_factory=dict)

    def add(self, seconds: float) -> None:
        """Count one value; what is longer than 10 minutes counts as that."""
        place = 0 if seconds <= LEAST_S else min(MOST, math.ceil(math.log(seconds / LEAST_S) / _LOG))
        self.counts[place] = self.counts.get(place, 0) + 1

    @property
    def total(self) -> int:
        """How many values were counted."""
        return sum(self.counts.values())

    def percentile(self, percent: float) -> float | None:
        """The smallest time in seconds, within 2 %, that `percent` of the values do not exceed; None of nothing."""
        total = self.total
        if not total:
            return None
        rank, seen = max(1, math.ceil(total * percent / 100)), 0
        for place in sorted(self.counts):
            seen += self.counts[place]
            if seen >= rank:
                return LEAST_S * GROWTH**place
        return LEAST_S * GROWTH**MOST

    def to_json(self) -> dict[str, int]:
        """The counters that are not zero, for a file."""
        return {str(place): count for place, count in sorted(self.counts.items())}


def histogram_of(counts: Mapping[str, int]) -> Histogram:
    """What `to_json` wrote. Raises ValueError, TypeError for anything else."""
    found = {int(place): count for place, count in counts.items()}
    for place, count in found.items():
        if not 0 <= place <= MOST or isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise ValueError(f"not a counter of a histogram: {place}: {count!r}")
    return Histogram(found)


def merged(several: Iterable[Histogram]) -> Histogram:
    """All values of several histograms: percentiles cannot be averaged, counts can be added."""
    sums: dict[int, int] = {}
    for one in several:
        for place, count in one.counts.items():
            sums[place] = sums.get(place, 0) + count
    return Histogram(sums)
