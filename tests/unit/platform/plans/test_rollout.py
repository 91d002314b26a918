"""One value for every step: which colour the target goes to, and what is compared with it."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.environment import load_environment
from runbook_lib.platform.checks.live_release import judge_health, judge_restored
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.idle_colour import IdleColour
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.smoke_test import UserAction, UserFlow
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.plans.rollout import Choices, Rollout
from tests.unit.environment_doubles import with_services_renamed

LIVE = Deployed("blue", "a" * 40, None, None, None, frozenset(), ())
TARGET = Target("b" * 40, "v3.2.0", {}, "0003", frozenset({"0002", "0003"}), "0002")
ROLLOUT = Rollout(load_environment("staging"), LIVE, TARGET)


def test_the_target_goes_to_the_colour_without_traffic() -> None:
    assert (ROLLOUT.colour, ROLLOUT.live_colour) == ("green", "blue")
    assert ROLLOUT.services == ("backend-green", "frontend-green")
    assert ROLLOUT.expected.commit == "b" * 40


def test_services_are_called_as_the_environment_calls_them() -> None:
    """Found by reading: the gates asked for backend-green wherever an application called its own `api`."""
    elsewhere = with_services_renamed({"backend": "api", "frontend": "site"})
    rollout = replace(ROLLOUT, environment=elsewhere)
    assert rollout.services == ("api-green", "site-green")
    sound = tuple(Container(name, name, "i", "d", "running", "healthy", 0, False, 0, None) for name in (*rollout.services, "nginx", "postgres", "redis"))
    inside = judge_health(elsewhere, rollout.expected)(sound, IdleColour())
    restored = judge_restored(elsewhere, "a" * 40, "green", rollout.expected.shared, {})(sound, (), UserFlow((UserAction("read", True, "", ""),)))
    assert {one.verdict for one in (*inside, *restored)} == {Verdict.PASSED}
    assert {"api-green is healthy", "site-green is healthy"} <= {one.check for one in inside} & {one.check for one in restored}


def test_the_first_deployment_goes_to_blue() -> None:
    first = replace(ROLLOUT, deployed=replace(LIVE, live_colour=None))
    assert (first.colour, first.live_colour) == ("blue", None)


def test_a_target_that_has_the_traffic_already_is_in_the_live_colour() -> None:
    assert ROLLOUT.in_live_colour().colour == "blue"


def test_it_is_migrated_when_the_database_is_at_the_expected_revision() -> None:
    assert not ROLLOUT.migrated
    assert replace(ROLLOUT, target=replace(TARGET, schema_now="0003")).migrated
    assert replace(ROLLOUT, target=replace(TARGET, schema_now="0004")).migrated, "a newer schema stays"


def test_restarts_from_before_the_first_step_are_known_by_service() -> None:
    redis = Container("r", "redis", "i", "d", "running", "healthy", 2, False, 0, None)
    assert replace(ROLLOUT, containers=(redis,)).restarts == {"redis": 2}


def test_it_cannot_be_changed_and_nothing_is_chosen_unless_given() -> None:
    with pytest.raises(FrozenInstanceError):
        ROLLOUT.target = TARGET  # type: ignore[misc]
    assert ROLLOUT.choices == Choices(breaking_migration="refuse", watch_s=None)
    assert ROLLOUT.path(".env").endswith("/.env")
