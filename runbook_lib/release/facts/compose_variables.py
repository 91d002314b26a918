"""The variables that a deployment gives to Compose, for a release that is only read."""

from __future__ import annotations

from runbook_lib.environment import Environment

PLACEHOLDER = "placeholder-for-"  # how the value begins that stands in the place of a secret
COLOUR_VARIABLES = ("BLUE_COMMIT", "BLUE_VERSION", "GREEN_COMMIT", "GREEN_VERSION")


def placeholder_variables(environment: Environment) -> dict[str, str]:
    """Every variable that a deployment gives to Compose, with placeholders for secrets: validity needs no secret."""
    return {
        "COMPOSE_PROJECT_NAME": environment.project,
        **dict.fromkeys(COLOUR_VARIABLES, "0" * 40),
        **{f"{folder.upper()}_CONFIG_HASH": "0" * 40 for folder in environment.compose.configuration},
        **environment.images,
        **{name: f"{PLACEHOLDER}{name.lower()}" for name in environment.delivered_secrets},
    }
