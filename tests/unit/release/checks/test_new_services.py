"""A service that only the release knows is named; one that is known, live, or not to run is nothing to say a word about."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.environment import load_environment
from runbook_lib.release.checks.new_services import new_services_are_known
from runbook_lib.release.facts.repository import ComposeConfig

ENVIRONMENT = load_environment("staging")
LIVE: dict[str, Any] = {"nginx": {}}


@pytest.mark.parametrize(("name", "service", "live"), [
    ("backend-green", {"profiles": ["green"]}, LIVE),
    ("redis", {}, LIVE),
    ("worker", {}, {"worker": {}}),
    ("worker", {"profiles": ["tools"]}, LIVE),
    ("worker", {}, None),
], ids=["a colour", "in the environment", "live already", "behind a profile", "no live release that is known"])
def test_nothing_is_said_of_what_is_started_or_is_not_to_run(name: str, service: dict[str, Any], live: dict[str, Any] | None) -> None:
    config = ComposeConfig(True, "", {name: service}, {})
    assert new_services_are_known(config, live, ENVIRONMENT) == ()
