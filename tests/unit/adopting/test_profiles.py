"""The profiles of a draft start what runs, and nothing else."""

from __future__ import annotations

import pytest

from runbook_lib.adopting.profiles import active_profiles
from tests.unit.adopting_doubles import UNRESOLVED, found_project


@pytest.mark.parametrize(("services", "profiles"), [
    ({}, ()), ({"a": ["all", "app"], "b": ["all", "most"]}, ("all",)), ({"a": ["one"], "b": ["two"]}, ("one", "two")),
    # the profile of the cache, which does not run, would start it
    ({"a": ["full", "most"]}, ("most",)), ({"a": ["full", "small"], "b": ["full"]}, ("full", "small")),
])
def test_the_fewest_profiles_that_have_what_is_active(services: dict[str, list[str]], profiles: tuple[str, ...]) -> None:
    """A draft named every profile of what ran: one of them started a service that had never run there."""
    assert UNRESOLVED["services"]["cache"]["profiles"] == ["full"]
    project = found_project({name: {"image": name, "profiles": each} for name, each in services.items()})
    assert active_profiles(project) == profiles
