"""Each application of the lab has a place of its own on a server, an environment, and sources."""

from __future__ import annotations

import pytest

from lab.applications import registry
from lab.errors import USAGE, LabError
from lab.instance import Instance


def test_no_two_applications_share_a_name_a_folder_or_an_address() -> None:
    for key in ("environment", "public_name", "directory", "origin", "certificates"):
        values = [getattr(one, key) for one in registry.APPLICATIONS.values()]
        assert len(set(values)) == len(values), key


def test_every_application_but_the_first_has_sources_and_is_started_by_its_owners() -> None:
    for one in registry.APPLICATIONS.values():
        assert bool(one.start) is (one != registry.FIRST)
        assert (one.sources / "compose.yml").exists() is (one != registry.FIRST)


def test_an_unknown_application_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(LabError, match=r"no application 'blog'[\s\S]*gw2, shop") as refused:
        registry.by_name("blog")
    assert refused.value.exit_code == USAGE


def test_an_instance_has_the_application_of_its_name_unless_another_is_chosen() -> None:
    assert Instance("shop").application is registry.SHOP
    assert Instance("lab").application is registry.FIRST
    assert Instance("one", "shop").application is registry.SHOP
    assert Instance("one", "shop").address.environment.endswith("/one/environment.yaml")
    assert Instance("shop").address.environment == "shop"


def test_the_name_of_one_applications_environment_is_refused_for_another() -> None:
    with pytest.raises(LabError, match="that of another application than shop"):
        Instance("lab", "shop")
