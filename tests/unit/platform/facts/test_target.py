"""The release that is to be live: its schema, and the colour it goes to."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from runbook_lib.platform.facts.target import Target, idle_colour


def target(**fields: Any) -> Target:
    return Target("c" * 40, "v1", {}, schema_head="b", revisions=frozenset({"a", "b"}), **fields)


@pytest.mark.parametrize(("now", "keeps", "expected"), [(None, False, "b"), ("a", False, "b"), ("b", False, "b"), ("c", True, "c")])
def test_a_schema_that_is_past_the_release_stays(now: str | None, keeps: bool, expected: str) -> None:
    assert (target(schema_now=now).keeps_newer_schema, target(schema_now=now).schema_expected) == (keeps, expected)


@pytest.mark.parametrize(("live", "idle"), [(None, "blue"), ("blue", "green"), ("green", "blue")])
def test_the_next_release_goes_to_the_colour_without_traffic(live: str | None, idle: str) -> None:
    deployed: Any = SimpleNamespace(live_colour=live)
    assert idle_colour(deployed) == idle
