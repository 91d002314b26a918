"""A container in the network of one that is replaced has to be replaced with it."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.release.checks.shared_namespaces import namespaces_followed
from runbook_lib.release.facts.repository import ComposeConfig, ReleaseTree, Sources
from tests.unit.shop_environment import shop

WEB = {"image": "web:latest"}


def of(**services: dict[str, Any]) -> list[str]:
    config = ComposeConfig(True, "", {"web": WEB, "db": {"image": "postgres:15"}, **services})
    tree = ReleaseTree("v1", None, sources=Sources({}, config))
    return [f"{one.verdict.value}: {one.measured}" for one in namespaces_followed(tree, shop())]


@pytest.mark.parametrize("key", ["network_mode", "pid", "ipc"])
def test_what_stays_in_the_old_containers_network_is_named(key: str) -> None:
    """Ente's: the forwarder to its object store stayed with the container that was gone, and could not be started again."""
    assert of(socat={"image": "alpine/socat", key: "service:web"}) == [f"failed: left in the old one: socat ({key}: service:web)"]


@pytest.mark.parametrize("service", [
    {"network_mode": "service:db"}, {"network_mode": "host"}, {"pid": "host"}, {"ipc": "shareable"}, {},
    {"network_mode": "service:web", "profiles": ["tools"]}])
def test_what_shares_nothing_of_a_replaced_one_is_nothing_to_this_check(service: dict[str, Any]) -> None:
    assert of(side={"image": "x"} | service) == []


def test_what_is_replaced_with_it_is_right() -> None:
    assert of(worker={"image": "web:latest", "network_mode": "service:web"}) == []


def test_a_release_whose_file_cannot_be_read_says_nothing() -> None:
    assert namespaces_followed(ReleaseTree("v1", None, sources=Sources({}, None)), shop()) == ()
