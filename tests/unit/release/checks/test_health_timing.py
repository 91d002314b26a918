"""A health check whose first answer comes after the wait for it: each release would be undone, however good it is."""

from __future__ import annotations

import pytest

from runbook_lib.environment import Environment, load_environment
from runbook_lib.release.checks.compose import compose_file
from runbook_lib.release.checks.health_timing import CHECK
from runbook_lib.release.facts.repository import ComposeConfig, ReleaseTree, Sources
from tests.unit.environment_doubles import ENVIRONMENTS
from tests.unit.shop_environment import shop


def late(environment: Environment, service: str, **check: str) -> list[str]:
    config = ComposeConfig(True, "", {service: {"healthcheck": {"test": ["CMD", "true"], **check}}})
    found = compose_file(ReleaseTree("v1", None, sources=Sources({}, config)), environment)
    return [f"{one.verdict.value}: {one.measured}; {one.expected}" for one in found if one.check == CHECK]


@pytest.mark.parametrize(("environment", "service"), [
    (shop(), "web"), (load_environment(str(ENVIRONMENTS / "staging.yaml")), "backend-blue")])
def test_a_check_that_answers_after_the_wait_is_refused_before_anything_is_stopped(environment: Environment, service: str) -> None:
    refused = f"failed: {service} is asked first after 300 s; within limits.up_wait_s, 120 s"
    assert late(environment, service, interval="5m0s") == [refused]
    assert late(environment, service, interval="2m0s") == [refused.replace("300", "120")]
    assert late(environment, service, interval="1m59s") == []


def test_what_answers_in_its_start_period_may_be_asked_seldom_later() -> None:
    assert late(shop(), "web", interval="5m0s", start_period="30s", start_interval="2s") == []
    # a newer engine asks in time: which one runs there is not known here
    assert late(shop(), "web", interval="5m0s", start_period="30s") == []


def test_a_service_that_no_step_waits_for_may_be_asked_when_it_likes() -> None:
    assert late(shop(), "tool", interval="1h0m0s") == []


def test_a_service_that_no_release_replaces_refuses_none() -> None:
    assert late(shop(), "db", interval="5m0s") == [
        "warning: db is asked first after 300 s; within limits.up_wait_s, 120 s"]
