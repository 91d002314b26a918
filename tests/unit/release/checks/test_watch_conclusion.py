"""What a watch proves that no trigger ended: what data/conclude_watch.json cannot show."""

from __future__ import annotations

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.core.gates import Reading
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.traffic import ERROR_RATE
from runbook_lib.release.checks.triggers import OF_USERS, P95, REQUESTS
from runbook_lib.release.checks.watch_conclusion import OURS_ALONE, conclude_watch, users_seen

ENVIRONMENT = load_environment("staging")


@pytest.mark.parametrize(("requests", "verdict"), [
    (ENVIRONMENT.rollback.minimum_requests - 1, Verdict.INCONCLUSIVE), (ENVIRONMENT.rollback.minimum_requests, Verdict.PASSED),
])
def test_the_environments_minimum_of_requests_is_enough(requests: int, verdict: Verdict) -> None:
    reading = Reading({ERROR_RATE: 0.0, REQUESTS: float(requests), P95: 10.0})
    found = {one.check: one.verdict for one in conclude_watch(ENVIRONMENT)([reading])}
    assert found[ERROR_RATE] is verdict


@pytest.mark.parametrize(("users", "words"), [
    (0.0, f"0; {OURS_ALONE}"), (7.0, "7 of 1,200 requests since the switch"), (None, f"not known, no probe could count them; {OURS_ALONE}"),
])
def test_a_release_that_no_user_tried_says_so_and_is_no_worse_for_it(users: float | None, words: str) -> None:
    found = users_seen([Reading({OF_USERS: 3.0, REQUESTS: 100.0}), Reading({OF_USERS: users, REQUESTS: 1200.0})] if users is not None
                       else [Reading({OF_USERS: None, REQUESTS: None})])
    assert (found.verdict, found.measured) == (Verdict.PASSED, words)


def test_users_that_nothing_counts_are_not_said_to_be_none() -> None:
    found = users_seen([Reading({OF_USERS: 0.0, REQUESTS: 90.0})], "the environment file names no log of them")
    assert found.measured == f"not known, the environment file names no log of them; {OURS_ALONE}"
