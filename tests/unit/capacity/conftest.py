"""The staging environment, for the tests of this family."""

from __future__ import annotations

import pytest

from runbook_lib.environment import Environment, load_environment
from tests.unit.environment_doubles import ENVIRONMENTS


@pytest.fixture(scope="package")
def staging() -> Environment:
    return load_environment(str(ENVIRONMENTS / "staging.yaml"))
