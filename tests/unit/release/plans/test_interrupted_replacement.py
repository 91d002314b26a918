"""A run that ended half-way: what it left is never what a later run leaves behind."""

from __future__ import annotations

from dataclasses import replace

from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.replaced_release import parse_override
from runbook_lib.platform.plans.compose import compose_up
from runbook_lib.release.plans.interrupted_replacement import finish_interrupted
from tests.unit.platform.facts.test_replaced_release import ADOPTED, FOUND, NEW, OLD, container, release, running, text
from tests.unit.release.plans.test_replacement import SHOP, change
from tests.unit.shop_environment import shop

OTHER = "c" * 40


def left(web: str, worker: str) -> tuple[Container, ...]:
    """Containers with images of their own, as a build makes them."""
    return (container("web", web, "sha256:fedcba987654"), container("worker", worker, "sha256:fedcba987654"))


def test_what_another_release_left_is_replaced_by_the_recorded_one_before_anything_else() -> None:
    """A step that failed before the replacement used to leave the unverified release to the users."""
    step, = finish_interrupted(change(text(OTHER, "v9"), (ADOPTED,), left(f"web:{OTHER}", f"web:{OTHER}")))
    override, checkout, up = step.actions
    assert isinstance(override, WriteFile) and parse_override(str(override.content)).images == FOUND
    assert isinstance(checkout, Command) and checkout.argv[-1] == OLD
    assert up == compose_up(SHOP, "web", "worker")
    assert step.undone_by == ()


def test_what_the_same_release_left_stays_for_the_gate_and_an_undo_returns_to_the_recorded_one() -> None:
    step, = finish_interrupted(change(text(NEW, "v1.1.0"), (ADOPTED,), left(f"web:{NEW}", f"web:{NEW}")))
    assert step.actions == ()
    override, checkout = step.undo_files
    assert isinstance(override, WriteFile) and parse_override(str(override.content)).images == FOUND
    assert isinstance(checkout, Command) and checkout.argv[-1] == OLD
    assert step.undo == (compose_up(SHOP, "web", "worker"),)


def test_a_run_that_ended_between_two_containers_is_returned_too() -> None:
    step, = finish_interrupted(change(text(NEW, "v1.1.0"), (ADOPTED,), (*left(f"web:{NEW}", "")[:1], *running("web:latest")[1:])))
    assert step.actions[-1] == compose_up(SHOP, "web", "worker")


def test_a_run_that_ended_before_any_container_needs_no_outage() -> None:
    step, = finish_interrupted(change(text(NEW, "v1.1.0"), (ADOPTED,), running("web:latest")))
    assert [type(one) for one in step.actions] == [WriteFile, Command]
    assert compose_up(SHOP, "web", "worker") not in step.actions


def test_nothing_was_interrupted_where_the_recorded_release_runs() -> None:
    assert finish_interrupted(change(text(OLD, ADOPTED.version, FOUND), (ADOPTED,))) == ()
    live = (ADOPTED, release(NEW, "v1.1.0"))
    assert finish_interrupted(change(text(NEW, "v1.1.0"), live, running(f"web:{NEW}"))) == ()


def test_what_runs_by_hand_is_no_interrupted_run_of_ours() -> None:
    assert finish_interrupted(change()) == ()
    assert finish_interrupted(change(containers=())) == ()


def test_a_return_leads_users_of_an_nginx_in_front_to_the_containers_that_it_made() -> None:
    found = change(text(OTHER, "v9"), (ADOPTED,), left(f"web:{OTHER}", f"web:{OTHER}"))
    behind = replace(found, rollout=replace(found.rollout, environment=shop(proxy={"service": "web", "kind": "nginx"})))
    step, = finish_interrupted(behind)
    assert "nginx_as_started -s reload" in str(step.actions[-1])
