"""When a load has to end: the error budget is used up, or the server does not follow any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runbook_lib.connections.load.record import Counts, Stage

BACKLOG_GROWTH = 0.2  # of the arrivals in the second half of a stage: less is the chance of a few slow visits
FEWEST_WAITING = 5
GAIN = 0.25  # of what more users should have brought


def over_budget(recent: Counts, job: Mapping[str, Any]) -> bool:
    """Whether more of the recent requests failed than may; never judged from a few."""
    judged = recent.requests - recent.limited
    many = judged >= job["minimum_requests"]
    return bool(many and 100 * recent.errors > job["error_budget_percent"] * judged)


def past_the_knee(stages: Sequence[Stage], job: Mapping[str, Any]) -> str:
    """Why more load makes no sense after the last stage, in words; empty when there is no such reason.

    The knee is where more load brings no more replies; beyond the plan's own criteria nothing is learned either.
    """
    last = stages[-1]
    p95_s = last.counts.times.percentile(95)
    if p95_s is not None and p95_s * 1000 >= job["p95_ms"]:
        return f"p95 reached {job['p95_ms']:g} ms"
    judged = last.counts.requests - last.counts.limited
    if judged and 100 * last.counts.errors >= job["error_rate_percent"] * judged:
        return f"{job['error_rate_percent']:g} % of the requests failed"
    if job["model"] == "open":
        return _backlog_grows(last)
    return _no_gain(stages[-2], last) if len(stages) > 1 else ""


def _backlog_grows(stage: Stage) -> str:
    """Visits that have begun and not ended become more and more: they arrive faster than they are answered."""
    half = len(stage.backlog) // 2
    if half < 2:
        return ""
    grown = stage.backlog[-1] - stage.backlog[half]
    arrived = stage.load * stage.seconds / 2
    return "visits arrive faster than they are answered" if (
        grown >= FEWEST_WAITING and grown > BACKLOG_GROWTH * arrived) else ""


def _no_gain(before: Stage, last: Stage) -> str:
    rates = [one.counts.replies / one.seconds if one.seconds else 0.0 for one in (before, last)]
    expected = rates[0] * (last.load / before.load - 1)
    return "more users bring no more replies" if rates[1] - rates[0] < GAIN * expected else ""
