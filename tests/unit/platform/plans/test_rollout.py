"""One value for every step: which colour the target goes to, and what is compared with it."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.environment import load_environment
from runbook_lib.platform.checks.live_release import judge_health, judge_restored
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.idle_colour import IdleColour
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.replaced_release import ReplacedState
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


PROFILED = replace(LIVE, env_text=f"COMPOSE_PROFILES=blue\nBLUE_COMMIT={'a' * 40}\n")
NO_PATH = (Endpoint("/health", 404), Endpoint("/", 200))


def test_what_the_live_release_did_not_answer_before_is_known_to_the_gate_after_an_undo() -> None:
    """Found by trying: a path that only the new release has made its own rollback fail, though it was healthy."""
    rollout = replace(ROLLOUT, deployed=PROFILED, endpoints=NO_PATH)
    assert rollout.unanswered_before == {"/health": 404}
    assert rollout.expected.unanswered == {}, "what is deployed must answer everywhere"
    assert replace(rollout, endpoints=()).unanswered_before == {}, "with nothing recorded the environment file decides"


def test_after_an_interrupted_cutover_only_the_record_counts() -> None:
    """What answers then may be the other release."""
    known = replace(LIVE, env_text=f"COMPOSE_PROFILES=green\nBLUE_COMMIT={'a' * 40}\n", unanswered={"a" * 40: {"/": 404}})
    assert replace(ROLLOUT, deployed=known, endpoints=NO_PATH).unanswered_before == {"/": 404}


def test_a_probe_without_a_reply_leaves_what_was_recorded() -> None:
    known = replace(PROFILED, unanswered={"a" * 40: {"/health": 404, "/": 404}})
    seen = (Endpoint("/health", None, error="refused"), Endpoint("/", 200))
    assert replace(ROLLOUT, deployed=known, endpoints=seen).unanswered_before == {"/health": 404}


def test_an_earlier_release_as_the_target_need_not_have_later_paths() -> None:
    known = replace(PROFILED, unanswered={"b" * 40: {"/healthz2": 404, "/health": 503}})
    rollout = replace(ROLLOUT, deployed=known)
    assert rollout.expected.unanswered == {}
    assert replace(rollout, texts_of=frozenset()).expected.unanswered == {"/healthz2": 404}, "an error is a fault whoever had it"


def test_an_application_that_ran_by_hand_is_returned_to_by_what_was_checked_out() -> None:
    by_hand = ReplacedState(by_hand=("web",))
    rollout = replace(ROLLOUT, deployed=replace(LIVE, replaced=by_hand), endpoints=NO_PATH)
    assert (rollout.returns_to, rollout.unanswered_before) == ("a" * 40, {"/health": 404})
    half = replace(rollout, deployed=replace(LIVE, replaced=ReplacedState(unsettled=("web",))))
    assert (half.returns_to, half.unanswered_before) == (None, {})
