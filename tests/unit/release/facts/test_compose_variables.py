"""Validity of a release needs no secret: each variable of a deployment has a placeholder."""

from __future__ import annotations

from runbook_lib.release.facts.compose_variables import placeholder_variables
from tests.unit.release.repositories import ENVIRONMENT


def test_each_secret_of_the_server_and_each_colour_has_a_placeholder() -> None:
    made = placeholder_variables(ENVIRONMENT)
    assert {*ENVIRONMENT.delivered_secrets, "BLUE_COMMIT", "GREEN_VERSION", *ENVIRONMENT.images} <= set(made)
    assert all(made[name] == f"placeholder-for-{name.lower()}" for name in ENVIRONMENT.delivered_secrets)
