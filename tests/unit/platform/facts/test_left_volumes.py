"""Volumes of the project that no container uses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import CommandTimedOut
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.left_volumes import left_volumes

DATA = "gw2-staging_postgres_data"
SIZES = json.dumps([{"Name": DATA, "Size": "48.2MB"}, {"Name": "gw2-staging_redis_data", "Size": "0B"}])


def left(listing: str, sizes: Any = SIZES) -> tuple[str, ...]:
    connections: Any = ScriptedConnections(commands={"volume ls": listing, "system df": sizes})
    return left_volumes(load_environment("staging"), connections)


def test_volumes_of_other_projects_and_nameless_ones_are_not_ours() -> None:
    assert left(f"{'a' * 64}\t\nother_postgres_data\tother\ngw2-staging2_data\tgw2-staging2\n"
                f"gw2-staging_b_data\tgw2-staging_b\n") == ()


def test_without_such_a_volume_no_size_is_asked() -> None:
    assert left("", sizes=AssertionError("asked")) == ()


def test_a_volume_is_known_by_composes_label_or_by_its_name() -> None:
    assert left(f"{DATA}\t\nanything\tgw2-staging\n") == ("anything", DATA)


def test_an_empty_volume_holds_no_data() -> None:
    assert left(f"{DATA}\tgw2-staging\ngw2-staging_redis_data\tgw2-staging\n") == (DATA,)


@pytest.mark.parametrize("sizes", ["", "null", "[3]", (1, ""), CommandTimedOut("slow"), json.dumps([{"Name": DATA}])])
def test_a_size_that_cannot_be_read_counts_as_data(sizes: Any) -> None:
    assert left(f"{DATA}\tgw2-staging\n", sizes) == (DATA,)


def test_the_sizes_are_asked_once_for_all_volumes() -> None:
    listing = f"{DATA}\tgw2-staging\ngw2-staging_redis_data\tgw2-staging\n"
    connections: Any = ScriptedConnections(commands={"volume ls": listing, "system df": SIZES})
    left_volumes(load_environment("staging"), connections)
    assert len([one for one in connections.server.asked if "df" in one.argv]) == 1
