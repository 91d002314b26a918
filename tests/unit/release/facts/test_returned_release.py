"""Whether the live release is an earlier one that a rollback put in place: the release history alone says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.release.facts.repository import Commit, ComposeConfig, ReleaseTree, Sources
from runbook_lib.release.facts.returned_release import missing_after_rollback, services_it_lacks
from tests.unit.shop_environment import shop

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANSWERS = {"a" * 40: {"/new": 404, "/broken": 500}}


def recorded(*lines: tuple[str, str | None]) -> Deployed:
    """The lines of a release history: a commit's letter, and that of the commit that a rollback to it took away."""
    releases = tuple(
        Release(letter * 40, f"v{letter}", "green", "1", "run", "ann", "", AT + timedelta(hours=hour),
                rolled_back_from=None if left is None else left * 40)
        for hour, (letter, left) in enumerate(lines))
    return Deployed("green", None, "", "", None, frozenset(), releases, unanswered=ANSWERS)


@pytest.mark.parametrize("lines", [
    (("a", None), ("b", None), ("a", "b")),
    (("a", None), ("a", "b")),  # b became live, and its run ended before it was recorded
    (("c", None), ("a", None), ("b", None), ("c", "b"), ("a", "c")),  # forward again, and still before b
])
def test_of_a_release_that_a_rollback_returned_to_the_paths_are_known_that_it_does_not_have(
        lines: tuple[tuple[str, str | None], ...]) -> None:
    deployed = recorded(*lines)
    assert missing_after_rollback(deployed, deployed.releases[-1]) == {"/new": 404}


@pytest.mark.parametrize("lines", [
    (("a", None),),
    (("b", None), ("a", None)),
    (("a", None), ("b", None), ("a", "b"), ("a", None)),  # deployed again since
    (("b", None), ("a", None), ("b", "a"), ("a", "b")),  # the newest of all, brought back
    (("a", None), ("b", None), ("a", "")),  # which one it took away is not recorded
])
def test_of_any_other_release_the_environment_file_is_its_own(lines: tuple[tuple[str, str | None], ...]) -> None:
    deployed = recorded(*lines)
    assert missing_after_rollback(deployed, deployed.releases[-1]) is None


def test_a_release_that_is_not_recorded_is_not_known_to_be_an_earlier_one() -> None:
    deployed = recorded(("b", None))
    stranger = replace(deployed.releases[0], commit="a" * 40, rolled_back_from="b" * 40)
    assert missing_after_rollback(deployed, stranger) is None


def test_a_service_that_came_with_a_later_release_is_none_of_the_one_gone_back_to() -> None:
    """By its own Compose file; by its record where that cannot be read. What it has and does not run stays expected."""
    environment = shop()
    back = Release("a" * 40, "v1", "", None, "run", "ann", "", AT, images={"web": "web:1"})
    assert services_it_lacks(environment, back, None) == {"worker"}
    assert services_it_lacks(environment, replace(back, images={}), None) == frozenset()
    commit = Commit("v1", "tag", back.commit, "v1", AT, "", None)
    for services, lacks in ({"web", "db"}, {"worker"}), ({"web", "db", "worker"}, set()), ({"web", "worker"}, {"db"}):
        tree = ReleaseTree("v1", commit, sources=Sources({}, ComposeConfig(True, "", {key: {} for key in services})))
        assert services_it_lacks(environment, back, tree) == lacks
        other = replace(tree, commit=replace(commit, commit="b" * 40))
        assert services_it_lacks(environment, back, other) == {"worker"}, "of another commit it says nothing"
    refused = ReleaseTree("v1", commit, sources=Sources({}, ComposeConfig(False, "no such file")))
    assert services_it_lacks(environment, back, refused) == {"worker"}
