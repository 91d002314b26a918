"""What is live where releases replace each other: by our override, the history, and the images that run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import yaml

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.replaced_release import (
    Override,
    ReplacedState,
    lacking,
    override_text,
    parse_override,
    replaced_state,
    shown_image,
)
from tests.unit.shop_environment import shop

SHOP = shop()
OLD, NEW = "a" * 40, "b" * 40
FOUND = {"web": "web:found-0123456789ab", "worker": "web:found-0123456789ab"}


def container(service: str, image: str, image_id: str = "sha256:0123456789abcdef", state: str = "running") -> Container:
    return Container(f"shop-{service}", service, image, image_id, state, "healthy", 0, False, 0, None)


def running(web: str, worker: str = "") -> tuple[Container, ...]:
    return (container("web", web), container("worker", worker or web), container("db", "postgres:15", "sha256:9"))


def images(commit: str) -> dict[str, str]:
    return {"web": f"web:{commit}", "worker": f"web:{commit}"}


def release(commit: str, version: str, of: dict[str, str] | None = None, *, adopted: bool = False) -> Release:
    return Release(commit, version, "", None, "run", "ann", "", datetime(2026, 11, 27, tzinfo=UTC),
                   images=of or images(commit), adopted=adopted)


ADOPTED = release(OLD, "as-found", FOUND, adopted=True)


def text(commit: str, version: str, of: dict[str, str] | None = None) -> str:
    return override_text(Override(commit, version, of or images(commit)))


def state(override: str | None, releases: tuple[Release, ...], containers: tuple[Container, ...]) -> ReplacedState:
    return replaced_state(SHOP, override, releases, containers)


def test_what_runs_before_any_runbook_is_its_owners() -> None:
    seen = state(None, (), running("web:latest"))
    assert seen.by_hand == ("web (web:latest, 0123456789ab)", "worker (web:latest, 0123456789ab)", "db (postgres:15, 9)")
    assert (seen.commit, seen.previous) == (None, None)


def test_nothing_at_all_is_nothing() -> None:
    assert state(None, (), ()) == ReplacedState()


def test_an_adopted_application_is_known_by_its_images_ids_before_any_container_is_made_anew() -> None:
    seen = state(text(OLD, "as-found", FOUND), (ADOPTED,), running("web:latest"))
    assert (seen.commit, seen.version, seen.by_hand, seen.unsettled) == (OLD, "as-found", (), ())
    assert seen.previous == ADOPTED


def test_a_release_that_is_recorded_and_runs_is_live() -> None:
    seen = state(text(NEW, "v1.1.0"), (ADOPTED, release(NEW, "v1.1.0")), running(f"web:{NEW}"))
    assert (seen.commit, seen.version, seen.unsettled, seen.by_hand) == (NEW, "v1.1.0", (), ())
    assert seen.previous is not None and seen.previous.version == "v1.1.0"


def test_an_application_that_its_owners_started_again_is_theirs_again() -> None:
    """`docker compose up` without our override: another image, which no record names."""
    seen = state(text(NEW, "v1.1.0"), (ADOPTED, release(NEW, "v1.1.0")),
                 tuple(replace(one, image_id="sha256:fedcba987654") for one in running("web:latest")))
    assert seen.by_hand and seen.commit is None


def test_one_service_of_theirs_is_enough() -> None:
    containers = (container("web", f"web:{NEW}"), container("worker", "web:latest", "sha256:fedcba987654"))
    assert state(text(NEW, "v1.1.0"), (release(NEW, "v1.1.0"),), containers).by_hand


def test_a_run_that_ended_before_the_containers_were_made_anew_leaves_the_release_of_before_live() -> None:
    seen = state(text(NEW, "v1.1.0"), (ADOPTED,), running("web:latest"))
    assert (seen.commit, seen.version) == (OLD, "as-found")
    assert seen.unsettled == ("web", "worker")
    assert seen.previous == ADOPTED


def test_a_run_that_ended_between_two_containers_returns_to_the_recorded_release() -> None:
    seen = state(text(NEW, "v1.1.0"), (ADOPTED,), running(f"web:{NEW}", "web:latest"))
    assert (seen.commit, seen.unsettled, seen.by_hand) == (NEW, ("worker",), ())
    assert seen.previous == ADOPTED


def test_a_run_that_ended_before_the_record_leaves_a_release_that_is_not_recorded() -> None:
    seen = state(text(NEW, "v1.1.0"), (ADOPTED,), running(f"web:{NEW}"))
    assert (seen.commit, seen.previous) == (NEW, ADOPTED)


def test_an_earlier_release_that_an_interrupted_run_has_left_is_not_what_an_undo_returns_to() -> None:
    """It was recorded once, and another one has been since."""
    recorded = (release(OLD, "v1.0.0"), release(NEW, "v1.1.0"))
    seen = state(text(OLD, "v1.0.0"), recorded, running(f"web:{OLD}"))
    assert (seen.commit, seen.version) == (OLD, "v1.0.0")
    assert seen.previous is not None and seen.previous.version == "v1.1.0"


def test_without_containers_the_override_says_what_is_to_run() -> None:
    seen = state(text(NEW, "v1.1.0"), (ADOPTED, release(NEW, "v1.1.0")), ())
    assert (seen.commit, seen.unsettled, seen.by_hand) == (NEW, ("web", "worker"), ())
    assert seen.previous is not None and seen.previous.commit == NEW


def test_a_lost_override_leaves_what_the_record_names() -> None:
    seen = state(None, (ADOPTED, release(NEW, "v1.1.0")), running(f"web:{NEW}"))
    assert (seen.commit, seen.version, seen.by_hand) == (NEW, "v1.1.0", ())


def test_a_leftover_of_an_interrupted_recreation_does_not_count() -> None:
    left = container("web", "web:latest", "sha256:fedcba987654", state="created")
    seen = state(text(NEW, "v1.1.0"), (release(NEW, "v1.1.0"),), (left, *running(f"web:{NEW}")))
    assert (seen.commit, seen.by_hand) == (NEW, ())


@pytest.mark.parametrize("version", ["v1.1.0", "it's $HOME: #1", "1.10"])
def test_every_version_is_read_as_it_was_written(version: str) -> None:
    override = Override(NEW, version, images(NEW))
    assert parse_override(override_text(override)) == override


def test_compose_reads_no_variable_in_it_and_never_pulls() -> None:
    whole = yaml.safe_load(text(NEW, "$HOME"))
    assert whole["services"]["web"]["labels"]["runbook.version"] == "$$HOME"
    assert {one["pull_policy"] for one in whole["services"].values()} == {"never"}


@pytest.mark.parametrize("foreign", ["services: {web: {image: x}}", "[]", "x: [", "services: 3"])
def test_an_override_that_is_none_of_ours_is_an_error_that_names_it(foreign: str) -> None:
    with pytest.raises(FactUnreadable, match=r"override file") as raised:
        parse_override(foreign)
    assert raised.value.where == ".runbook/release.override.yml"


@pytest.mark.parametrize(("image", "shown"), [
    (f"web:{NEW}", "web:bbbbbbbbbbbb"), ("web:found-0123456789ab", "web:found-0123456789ab"), ("web:latest", "web:latest"),
    (f"registry.example:5000/{'a' * 90}/web:{NEW}", f"registry.example:5000/{'a' * 90}/web:bbbbbbbbbbbb"),
    (f"postgres@sha256:{'c' * 64}", "postgres@sha256:cccccccccccc"), ("web", "web"),
])
def test_an_image_is_shown_with_as_much_of_its_tag_as_a_person_reads(image: str, shown: str) -> None:
    assert shown_image(image) == shown


def test_what_the_live_release_has_not_is_settled_whatever_a_later_one_has_left() -> None:
    one = {"web": f"web:{OLD}"}
    text = override_text(Override(OLD, "v1.0.0", one))
    left = (container("web", f"web:{OLD}"), container("worker", f"web:{NEW}"), container("db", "postgres:15", "sha256:9"))
    releases = (release(OLD, "v1.0.0", one), release(NEW, "v1.1.0"), release(OLD, "v1.0.0", one))
    seen = replaced_state(shop(), text, releases, left)
    assert (seen.commit, seen.unsettled, seen.by_hand) == (OLD, (), ())
    assert lacking(shop(), releases[0]) == {"worker"} and lacking(shop(), None) == frozenset()
