"""When a load ends: the budget of errors, the plan's criteria, and the point from which the server does not follow."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.connections.load.knee import over_budget, past_the_knee
from runbook_lib.connections.load.record import Counts, Stage
from tests.unit.connections.load.application import job


def counts(requests: int, errors: int = 0, seconds: float = 0.1, limited: int = 0) -> Counts:
    made = Counts(replies=requests, errors=errors, limited=limited)
    for _ in range(requests):
        made.times.add(seconds)
    return made


def stage(load: float = 10.0, backlog: list[int] | None = None, seconds: float = 10.0, **of: Any) -> Stage:
    return Stage(load, 0.0, seconds=seconds, counts=counts(**({"requests": 1_000} | of)), backlog=backlog or [2] * 20)


def task(**changes: Any) -> dict[str, Any]:
    return job(p95_ms=500.0, error_rate_percent=1.0, **changes)


@pytest.mark.parametrize(("recent", "over"), [
    (counts(100, 6), True), (counts(100, 5), False), (counts(19, 19), False), (counts(20, 2), True), (counts(0), False),
    (counts(100, 3, limited=50), True), (counts(100, 0, limited=100), False),
])
def test_the_budget_is_a_share_of_enough_requests_that_were_not_limited(recent: Counts, over: bool) -> None:
    assert over_budget(recent, task()) is over


@pytest.mark.parametrize(("last", "reason"), [
    (stage(), ""),
    (stage(backlog=[3] * 10 + [4] * 10), ""),
    (Stage(10.0, 0.0, 10.0, counts=counts(1_000, seconds=0.6)), "p95 reached 500 ms"),
    (stage(errors=10), "1 % of the requests failed"),
    (stage(errors=9), ""),
    (stage(backlog=list(range(0, 40, 2))), "visits arrive faster than they are answered"),
    (stage(backlog=[0, 4]), ""),
])
def test_the_open_model_ends_at_the_criteria_or_where_visits_pile_up(last: Stage, reason: str) -> None:
    assert past_the_knee([last], task()) == reason


def test_the_first_arrivals_are_no_growing_backlog() -> None:
    """Until the first visits end, all of them are in progress: only the second half of a stage is judged."""
    assert past_the_knee([stage(backlog=[*range(10), *[10] * 10])], task()) == ""


@pytest.mark.parametrize(("replies", "reason"), [(2_000, ""), (1_300, ""), (1_200, "more users bring no more replies"),
                                                 (900, "more users bring no more replies")])
def test_the_closed_model_ends_where_more_users_bring_no_more_replies(replies: int, reason: str) -> None:
    first, second = stage(4), stage(8, requests=replies)
    assert past_the_knee([first, second], task(model="closed")) == reason
    assert past_the_knee([first], task(model="closed")) == ""


def test_a_stage_without_a_request_has_no_knee() -> None:
    assert past_the_knee([Stage(1.0, 0.0)], task()) == ""
