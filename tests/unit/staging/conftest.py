"""What the tests of staging/ share: the environment, the Compose file, and reading a file."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from runbook_lib.environment import Environment, load_environment
from tests.unit.staging.files import ROOT, text


@pytest.fixture(scope="session")
def environment() -> Environment:
    return load_environment(str(ROOT / "parameters" / "environments" / "staging.yaml"))


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load(text("docker-compose.staging.yml")))


@pytest.fixture(scope="session")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return dict(compose["services"])
