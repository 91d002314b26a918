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
    """A warning where owners start it with other files of variables than a deployment, or in another order.

    Without them a default (`${PORT:-80}`) takes the place of what runs, and nothing refuses it. One that was started
    without any, where the environment file names some, counts only where a release replaces it.
    """
    read = _read_by_a_release(environment)
    named, replaced = bool(environment.compose.env_files), environment.release.services
    groups: dict[tuple[str, ...], list[str]] = {}
    for one in sorted(containers, key=lambda one: one.service):
        files = tuple(posixpath.normpath(file) for file in one.labels.get(GIVEN, "").split(",") if file)
        counts = files or (named and one.service in replaced)
        if counts and files != read and one.service not in groups.get(files, ()):
            groups.setdefault(files, []).append(one.service)
    if not groups:
        return ()
    measured = "; ".join(f"{', '.join(services)}: started {_words(files)}" for files, services in groups.items())
    wanted = next((files for files in groups if files), ())
    return (Finding(CHECK, Verdict.WARNING, measured,
                    _words(read) if named else "the .env of the project's folder alone",
                    _next_step(environment, wanted)),)


def _words(files: tuple[str, ...]) -> str:
    return f"with --env-file {', '.join(files)}" if files else "without --env-file"


def _read_by_a_release(environment: Environment) -> tuple[str, ...]:
    names = environment.compose.env_files or (".env",)
    return tuple(posixpath.normpath(environment.server.path(name)) for name in names)


def _next_step(environment: Environment, files: tuple[str, ...]) -> str:
    folder = posixpath.normpath(environment.server.directory)
    if not files:
        return ("Compare what `docker compose config` shows with and without them. Where compose.env_files has the "
                "right ones, nothing is left to do: the next release is started with them.")
    names = [posixpath.relpath(file, folder) if file.startswith(f"{folder}/") else file for file in files]
    return (f"A deployment reads {', '.join(_read_by_a_release(environment))}. Name what its owners give in the "
            f"environment file, in their order: compose.env_files: [{', '.join(names)}].")
