"""The sentence that the report opens with; and whether the load would reach the server that is meant."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from runbook_lib.capacity.checks.load_test import SAME_SERVER, load_answer, load_criteria, load_preconditions
from runbook_lib.capacity.facts.load_test import load_test
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.endpoints import Endpoint
from tests.unit.capacity.doubles import SLOW, planned, sent
from tests.unit.data_values import environment_with
from tests.unit.shop_environment import shop

COMMIT = "b" * 40
TARGET = {"target": "shop", "rate_per_s": 1, "limit_per_s": 2, "users": 1, "limit_users": 2, "stages": 2, "stage_s": 10,
          "error_budget_percent": 5, "minimum_requests": 50, "flow": [{"name": "open the page", "path": "/"}]}


@pytest.mark.parametrize(("of", "begins", "ends"), [
    ({}, "At 2 users/s (34.0 replies a second) p95 was 201 ms and 0 % failed: the plan's criteria are met.",
     "No knee was reached up to 8 users/s."),
    ({"ended": "knee: p95 reached 500 ms"}, "At 2 users/s", "The knee is at 8 users/s: p95 reached 500 ms."),
    ({"ended": "error budget", "errors": 34}, "At 2 users/s (34.0 replies a second) p95 was 201 ms and 10 % failed: the plan's criteria are not met.",
     "The error budget ended it at 8 users/s."),
    ({"time": SLOW}, "At 2 users/s (34.0 replies a second) p95 was 803 ms and 0 % failed: the plan's criteria are not met.", "8 users/s."),
    ({"ended": "stopped"}, "At 2 users/s", "It was stopped at 8 users/s."),
])
def test_the_answer_in_one_sentence(of: dict[str, Any], begins: str, ends: str) -> None:
    test = sent(**of)
    answer = load_answer(test, load_criteria(test, test.environment))
    assert answer.startswith(begins)
    assert answer.endswith(ends)


def test_where_nothing_was_sent_it_says_so() -> None:
    assert load_answer(planned(), ()) == "No load was sent."
    assert "may not be put under load" in load_answer(load_test(environment_with({"load_test": None})), ())


def leads(environment: Environment, *replies: Endpoint) -> Finding:
    """What is found about the address of an environment whose live release is COMMIT."""
    deployed: Any = SimpleNamespace(live_commit=COMMIT)
    found = load_preconditions(load_test(environment, "open"), environment, deployed, replies)
    return next(one for one in found if one.check == SAME_SERVER)


@pytest.mark.parametrize(("public", "status", "verdict"), [
    ({"url": "http://shop.example.com:8080"}, 200, Verdict.PASSED), ({"url": "http://shop.example.com"}, None, Verdict.INCONCLUSIVE),
    ({"url": "http://users.example.com", "connect_to": "SHOP.example.com:8080"}, 200, Verdict.PASSED),
    ({"url": "http://other.example.com"}, 200, Verdict.INCONCLUSIVE),
])
def test_an_application_that_names_no_commit_is_known_by_the_servers_name(public: dict[str, str], status: int | None, verdict: Verdict) -> None:
    """On a shop over plain http no load could ever be sent: no release was reported there."""
    environment = shop(public={**public, "no_tls_reason": "closed network"}, load_test=TARGET,
                       server={"directory": "/opt/shop", "host": "shop.example.com", "user": "deploy", "key_file": "/x", "known_hosts_file": "/x"})
    found = leads(environment, Endpoint("/status/", status, {"state": "open"}, 0.01))
    assert found.verdict is verdict
    assert found.verdict is Verdict.PASSED or "health.endpoints.*.commit" in found.next_step


@pytest.mark.parametrize(("commit", "verdict"), [(COMMIT, Verdict.PASSED), ("c" * 40, Verdict.FAILED), (None, Verdict.INCONCLUSIVE)])
def test_the_commit_is_read_where_the_environment_says_that_it_stands(commit: str | None, verdict: Verdict) -> None:
    named = {"/status/": {"title": "The shop", "service": "web", "commit": "build.sha"}}
    environment = shop(health={"endpoints": named}, load_test=TARGET)
    assert leads(environment, Endpoint("/status/", 200, {"build": {"sha": commit}}, 0.01)).verdict is verdict


def test_a_clock_that_is_set_during_the_load_takes_no_sample_from_it() -> None:
    """The samples were dated by the clock of the day: an hour later by it they were of no load, and nothing was said of full ones."""
    test = sent()
    assert test.result is not None
    test.result = replace(test.result, began_at=test.result.began_at - 3600, monotonic_s=test.result.began_at)
    rows = {one.check: one for one in load_criteria(test, test.environment)}
    assert "backend-blue" in rows["no container is full at this load"].measured
