"""Where the environment is: the server, its address, its secrets by name."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from runbook_lib.environment import Environment, Public, SecretSpec


def test_the_plans_secrets_are_required_by_name(staging: Environment) -> None:
    server_side = {"STAGING_SECRET_KEY", "STAGING_JWT_SECRET", "STAGING_DB_PASSWORD"}
    ci_side = {"STAGING_SSH_KEY", "STAGING_HOST", "STAGING_USER"}
    assert {name for name in server_side if staging.secrets[name].side == "server"} == server_side
    assert {name for name, need in staging.secrets.items() if need.side == "ci"} == ci_side
    assert server_side | {"STAGING_JWT_REFRESH_SECRET", "STAGING_REDIS_PASSWORD"} <= set(staging.server_secrets)
    assert "STAGING_SLACK_WEBHOOK" not in staging.server_secrets


def test_paths_on_the_server_lie_below_its_directory(staging: Environment) -> None:
    assert staging.server.path("nginx", "nginx.conf") == f"{staging.server.directory}/nginx/nginx.conf"
    assert staging.server.address == f"{staging.server.user}@{staging.server.host}:{staging.server.port}"


def test_the_host_of_the_public_address_has_no_port() -> None:
    assert Public(url="https://staging.example.com:8443").host == "staging.example.com"
    assert Public(url="https://staging.example.com").host == "staging.example.com"


@pytest.mark.parametrize("changes", [
    {"side": "cloud"}, {"minimum_length": 0}, {"needed_by": ()}, {"unknown": 1}, {"minimum_length": "8"},
])
def test_a_secret_that_nothing_needs_or_no_side_holds_is_refused(changes: dict[str, Any]) -> None:
    good = {"needed_by": ("backend",), "minimum_length": 8, "side": "server"}
    assert SecretSpec.model_validate(good).required
    with pytest.raises(ValidationError):
        SecretSpec.model_validate(good | changes)
