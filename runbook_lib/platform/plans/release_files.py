"""The small files that decide what runs: variables and secrets for Compose, nginx's upstreams and exemptions."""

from __future__ import annotations

from collections.abc import Mapping

from runbook_lib.core.env_file import quoted
from runbook_lib.core.errors import BadParameter
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.running_release import upstreams_file
from runbook_lib.platform.facts.target import BOTH_COLOURS
from runbook_lib.platform.plans.rollout import Rollout

__all__ = ["env_file", "exemptions_file", "secrets_file", "upstreams_file"]


def env_file(rollout: Rollout, *, live: str) -> str:
    """The text of `compose.variables_file`: the target in its colour, `live` as the one that a plain `up` starts."""
    environment, target, idle = rollout.environment, rollout.target, rollout.colour.upper()
    variables = {
        "COMPOSE_PROJECT_NAME": environment.project,
        "COMPOSE_PROFILES": ",".join((live, *environment.profiles)),
        **{f"{colour.upper()}_{kind}": "" for colour in BOTH_COLOURS for kind in ("COMMIT", "VERSION")},
        **{name: value for name, value in rollout.deployed.variables.items() if name.endswith(("_COMMIT", "_VERSION"))},
        f"{idle}_COMMIT": target.commit,
        f"{idle}_VERSION": target.version,
        **{f"{folder.upper()}_CONFIG_HASH": tree for folder, tree in sorted(target.configuration.items())},
        **environment.images,
    }
    lines = ["# Written by the deploy runbook; change parameters/environments/ instead.",
             *(f"{name}={value}" for name, value in variables.items())]
    return "\n".join(lines) + "\n"


def exemptions_file(environment: Environment) -> str:
    """nginx's list of networks that the rate limit leaves alone. Source: nginx manual, ngx_http_geo_module."""
    lines = (f"{network} 1;\n" for network in (environment.rate_limit.exempt if environment.rate_limit else ()))
    return "".join(("# Written by the deploy runbook from rate_limit.exempt.\n", *lines))


def secrets_file(secrets: Mapping[str, Secret], names: tuple[str, ...], file: str = ".env.secrets") -> Secret:
    """The whole text of `compose.secrets_file`, which is `file`, as one secret, each quoted for Compose.

    Raises BadParameter with the name of a secret that cannot be written so.
    """
    lines = []
    for name in sorted(names):
        try:
            lines += [f"{name}={quoted(secrets[name].reveal())}"] if name in secrets else []
        except ValueError as reason:
            raise BadParameter(f"{name} {reason}, which {file} cannot hold.", where=file,
                               next_step="Make another value, and put it where this run takes its secrets from.",
                               ) from None  # the cause would show the value
    return Secret("server secrets", "\n".join(lines) + "\n")
