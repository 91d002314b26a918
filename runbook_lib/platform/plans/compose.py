"""The one way Docker Compose is called on the server.

Project directory, file and both environment files are always named, so that neither the working directory
nor a forgotten variable decides what is started.
"""

from __future__ import annotations

from collections.abc import Iterable

from runbook_lib.core.commands import Command
from runbook_lib.environment import Environment

PROJECT = "gw2-staging"
COMPOSE_FILE = "docker-compose.staging.yml"
ABSENT_IS_FINE = (0, 1)  # for undo: what was never started cannot be stopped


def compose(
    environment: Environment,
    *words: str,
    profiles: Iterable[str] = (),
    stdin: str | bytes | None = None,
    timeout_s: float = 120.0,
    accepts: tuple[int, ...] = (0,),
) -> Command:
    """A `docker compose` command for the environment's project, e.g. compose(e, "ps", "--format", "json").

    `profiles` are active besides the ones that `.env` names. Source: Docker Compose CLI reference, global options.
    """
    directory = environment.server.directory
    argv = [
        "docker", "compose",
        "--project-name", PROJECT,
        "--project-directory", directory,
        "--file", f"{directory}/{COMPOSE_FILE}",
        "--env-file", f"{directory}/.env",
        "--env-file", f"{directory}/.env.secrets",
    ]
    for profile in profiles:
        argv += ["--profile", profile]
    return Command((*argv, *words), stdin=stdin, cwd=directory, timeout_s=timeout_s, accepts=accepts)
