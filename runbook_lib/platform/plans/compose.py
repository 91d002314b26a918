"""The one way Docker Compose is called on the server.

Project directory, file and both environment files are always named, so that neither the working directory
nor a forgotten variable decides what is started.
"""

from __future__ import annotations

from collections.abc import Iterable

from runbook_lib.core.commands import Command
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import PROJECT

COMPOSE_FILE = "docker-compose.staging.yml"
UP_WAIT_S = 120  # longer than the slowest health check of the environment takes to pass
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


def compose_up(environment: Environment, *services: str, profiles: Iterable[str] = (), wait: bool = True,
               recreate: bool = False) -> Command:
    """Start services as `.env` and the checkout describe them; those that already are so stay, unless `recreate`.

    `wait` fails the command unless all are healthy within 120 s; without it, started is enough.
    """
    # --no-build: what is deployed was built and tried before. --no-deps: a step starts what it names, and no more.
    words = ["up", "--detach", "--no-build", "--no-deps"]
    if wait:
        words += ["--wait", "--wait-timeout", str(UP_WAIT_S)]
    if recreate:
        words.append("--force-recreate")
    return compose(environment, *words, *services, profiles=profiles, timeout_s=UP_WAIT_S + 60)
