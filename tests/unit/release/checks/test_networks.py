"""Networks that a release changes and Compose leaves as they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.environment import load_environment
from runbook_lib.release.checks.compose import compose_file
from runbook_lib.release.checks.networks import FOLLOWED, networks_followed
from runbook_lib.release.facts.networks import LiveNetwork
from runbook_lib.release.facts.repository import ComposeConfig, ReleaseTree, Sources

LIVE = LiveNetwork("shop", "data", False, "bridge", False, frozenset({"172.27.4.0/24"}), {"com.docker.network.driver.mtu": "1500"},
                   "shop_data", True)
NONE_GIVEN: dict[str, Any] = {"data": None}  # as Compose prints one of which nothing is given


@pytest.mark.parametrize(("wanted", "words"), [
    ({"internal": True}, "data: internal is false on the server, true in the release"),
    ({"enable_ipv6": True}, "data: enable_ipv6 is false on the server, true in the release"),
    ({"driver": "macvlan"}, "data: driver is bridge on the server, macvlan in the release"),
    ({"ipam": {"config": [{"subnet": "fd00::/64"}]}}, "data: subnet is not set on the server, fd00::/64 in the release"),
    ({"ipam": {"config": [{"subnet": "10.9.0.0/24"}]}}, "data: subnet is 172.27.4.0/24 on the server, 10.9.0.0/24 in the release"),
    ({"driver_opts": {"com.docker.network.driver.mtu": 1400}}, "data: com.docker.network.driver.mtu is 1500 on the server, 1400 in the release"),
])
def test_a_network_that_the_release_changes_is_a_warning(wanted: dict[str, Any], words: str) -> None:
    """A release made the network of the data internal; it was deployed with every check passed, and nothing was closed."""
    (found,) = networks_followed(ComposeConfig(True, "", networks={"data": wanted}), (LIVE,), "shop")
    assert (found.verdict, found.measured) == (Verdict.WARNING, words)
    assert "docker compose down" in found.next_step


def renamed(wanted: dict[str, Any] | None, *live: LiveNetwork, of_file: str = "checkout") -> str:
    networks: dict[str, Any] = {"data": wanted}
    found = networks_followed(ComposeConfig(True, "", networks=networks, project=of_file), live or (LIVE,), "shop")
    return found[0].measured if found else ""


def test_a_network_of_another_name_is_one_that_nothing_is_in() -> None:
    """The new colour was started in it, where no database is: each deployment was rolled back, and nothing had said why."""
    words = "data: name is shop_data on the server, shop_inner in the release: what is made anew does not reach what stays as it runs"
    assert renamed({"name": "shop_inner"}) == words
    # an undo leaves the second one behind, with nothing in it
    left = replace(LIVE, full_name="shop_inner", in_use=False)
    assert renamed({"name": "shop_inner"}, LIVE, left) == renamed({"name": "shop_inner"}, left, LIVE) == words


@pytest.mark.parametrize("wanted", [None, {"name": "shop_data"}, {"name": "checkout_data"}, {"name": "other", "external": True}])
def test_the_name_that_compose_gives_is_no_other_one(wanted: dict[str, Any] | None) -> None:
    """The release is read in a folder whose name begins the default ones; on the server the project's name does."""
    assert renamed(wanted) == ""
    assert renamed({"name": "other"}, replace(LIVE, in_use=False)) == ""


def test_one_that_the_release_no_longer_makes_internal_is_one_too() -> None:
    (found,) = networks_followed(ComposeConfig(True, "", networks=NONE_GIVEN), (replace(LIVE, internal=True),), "shop")
    assert "internal is true on the server" in found.measured


@pytest.mark.parametrize("wanted", [
    None, {}, {"name": "shop_data", "ipam": {}}, {"driver": "bridge", "internal": False}, {"external": True, "internal": True},
    {"ipam": {"config": [{"subnet": "172.27.4.0/24"}]}}, {"driver_opts": {"com.docker.network.driver.mtu": "1500"}},
])
def test_what_the_release_leaves_open_is_no_difference(wanted: dict[str, Any] | None) -> None:
    both: dict[str, Any] = {"data": wanted, "new": {"internal": True}}
    assert networks_followed(ComposeConfig(True, "", networks=both), (LIVE,), "shop") == ()


BOTH = replace(LIVE, ipv6=True, subnets=frozenset({"172.27.4.0/24", "fd00:db8::/64"}))


@pytest.mark.parametrize(("subnets", "words"), [
    (["172.27.4.0/24"], None),  # the addresses of IPv6 were chosen by the engine
    (["172.27.4.9/24", "FD00:DB8:0::/64"], None),  # as it was typed, and as another version of the engine prints it
    (["fd00:db9::/64"], "data: subnet is fd00:db8::/64 on the server, fd00:db9::/64 in the release"),
    (["172.27.4.0/24", "10.9.0.0/24"], "data: subnet is 172.27.4.0/24 on the server, 10.9.0.0/24, 172.27.4.0/24 in the release"),
])
def test_addresses_are_compared_and_not_their_texts(subnets: list[str], words: str | None) -> None:
    wanted = {"data": {"enable_ipv6": True, "ipam": {"config": [{"subnet": one} for one in subnets]}}}
    found = networks_followed(ComposeConfig(True, "", networks=wanted), (BOTH,), "shop")
    assert [one.measured for one in found] == ([words] if words else [])


def test_the_networks_of_another_project_are_its_own() -> None:
    assert networks_followed(ComposeConfig(True, "", networks={"data": {"internal": True}}), (LIVE,), "gw2") == ()


def test_it_is_a_finding_of_the_compose_file() -> None:
    environment = load_environment("staging")
    config = ComposeConfig(True, "", networks={"data": {"internal": True}})
    tree = ReleaseTree("v1", None, sources=Sources({}, config), networks=(replace(LIVE, project=environment.project),))
    assert [one.verdict for one in compose_file(tree, environment) if one.check == FOLLOWED] == [Verdict.WARNING]
