"""Secrets in a Compose file: what is none, and whose are not judged."""

from __future__ import annotations

import pytest

from runbook_lib.environment import load_environment
from runbook_lib.release.checks.compose_secrets import no_secret_in_compose
from runbook_lib.release.facts.repository import ComposeConfig
from tests.unit.shop_environment import shop


def config(**variables: str | int | None) -> ComposeConfig:
    return ComposeConfig(True, "", {"api": {"environment": variables}, "db": {}})


@pytest.mark.parametrize("variables", [
    {}, {"SECRET_KEY": "placeholder-for-staging_secret_key"}, {"SECRET_KEY": None}, {"SECRET_KEY": ""}, {"PASSWORD_RESET_DAYS": 30},
    {"PASSWORD_FILE": "/run/secrets/password"}, {"SECRET_COOKIE_SECURE": "true"}, {"API_URL": "https://api.example.com/v1"},
    {"REDIS_URL": "redis://:placeholder-for-a@redis:6379/0"}, {"MAIL": "https://example.com/a:b@c"}, {"NAME": "hunter2"},
])
def test_what_comes_from_elsewhere_or_is_no_secret_gives_no_finding(variables: dict[str, str | int | None]) -> None:
    assert no_secret_in_compose(config(**variables), load_environment("staging")) == ()


def test_no_value_is_in_the_finding_and_files_of_the_application_are_not_judged() -> None:
    found, = no_secret_in_compose(config(REDIS_URL="redis://:hunter2@redis", SECRET_KEY="hunter3"), load_environment("staging"))
    assert found.measured == "api: REDIS_URL; api: SECRET_KEY"
    assert "hunter" not in repr(found)
    assert no_secret_in_compose(config(SECRET_KEY="hunter3"), shop()) == ()
    # a draft names the secrets that it has found: each deployment of such an application warned of what its `.env` holds
    named = {"POSTGRES_PASSWORD": {"needed_by": ["db"], "minimum_length": 12, "side": "server"}}
    assert no_secret_in_compose(config(SECRET_KEY="hunter3"), shop(secrets=named)) == ()
