"""Figures out of many measurements."""

from __future__ import annotations

from collections.abc import Iterable


def percentile(values: Iterable[float], percent: float) -> float | None:
    """The smallest value that at least `percent` of the values do not exceed (nearest rank); None of nothing.

    Source: NIST Engineering Statistics Handbook, 7.2.6.2.
    """
    ordered = sorted(values)
    if not ordered:
        return None
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[int(rank) - 1]
