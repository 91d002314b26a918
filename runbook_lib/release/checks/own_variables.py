"""Were the containers that run started with other files of variables than a release will be? Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import Container

CHECK = "a release gets the variables that its containers have"
GIVEN = "com.docker.compose.project.environment_file"  # comma-separated; only where --env-file was given


def variables_are_those_of_the_owners(environment: Environment, containers: Iterable[Container]) -> tuple[Finding, ...]:
    """A warning where owners start it with `--env-file`: a deployment reads the `.env` of the folder, as Compose does.

    Without those variables a default (`${PORT:-80}`) takes the place of what runs, and nothing refuses it.
    """
    own = environment.server.path(".env")
    given = {one.service: tuple(file for file in one.labels.get(GIVEN, "").split(",")
                                if file and posixpath.normpath(file) != own) for one in containers}
    files = dict.fromkeys(file for found in given.values() for file in found)
    if not files:
        return ()
    services = ", ".join(sorted(name for name, found in given.items() if found))
    return (Finding(
        CHECK, Verdict.WARNING, f"{services}: started with --env-file {', '.join(files)}",
        "the .env of the project's folder alone",
        f"A deployment reads {own}. Put those variables there, or link the file: ln -s {next(iter(files))} {own}. "
        "Where that is so already, nothing is left to do: the release's containers are started without the option."),)
