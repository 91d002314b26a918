"""What runs, asked of Docker: for a server whose own files about it are lost, or were never written.

Without this an application that runs would be taken for a first deployment: no backup of its database, and an undo that
removes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import EndpointUnavailable, FactUnreadable, PreconditionFailed
from runbook_lib.core.questions import Connections
from runbook_lib.environment import Environment
from runbook_lib.environment.services import COLOURS
from runbook_lib.platform.facts.containers import PROJECT, Container

COMMIT = re.compile(r"[0-9a-f]{40}")
CONFIGURATION_LABEL = "org.gw2.config-hash"
_OTHER_PROJECTS = '{{.Label "com.docker.compose.project"}}\t{{.Names}}'
WHAT_NEXT = ("Stop it, or bring it under the runbooks: name its Compose project gw2-staging and its services as "
             "docker-compose.staging.yml does; then run again.")


@dataclass(frozen=True)
class RunningRelease:
    """The colour that has the traffic, and the commit of its image; None for an image without a commit."""

    colour: str
    commit: str | None


def running_release(containers: Iterable[Container], *, named_colour: str | None = None,
                    served_commit: str | None = None) -> RunningRelease | None:
    """The release of the application's containers, running ones first; None where there is none.

    Of two colours the one counts that a file of the server still names, or whose commit is what users get. Raises
    FactUnreadable where neither is known.
    """
    backends = {colour: one for colour in COLOURS for one in containers if one.service == f"backend-{colour}"}
    running = {colour: one for colour, one in backends.items() if one.state == "running"}
    found = running or backends
    if not found:
        return None
    releases = {colour: RunningRelease(colour, _commit_of(one)) for colour, one in found.items()}
    if len(releases) == 1:
        return next(iter(releases.values()))
    if named_colour in releases:
        return releases[named_colour]
    served = [one for one in releases.values() if served_commit and one.commit == served_commit]
    if len(served) == 1:
        return served[0]
    raise FactUnreadable(
        "Both colours exist, and neither nginx's upstream file nor .env says which one has the traffic.",
        where=".runbook/upstreams/active.conf, .env",
        next_step="Find out with `docker logs` of both backends, and stop the colour without requests; then run again.")


def served_commit(connections: Connections) -> str | None:
    """The commit that users get from /health; None where nothing answers or it names none."""
    try:
        document = connections.http.request("GET", "/health").json()
    except (EndpointUnavailable, ValueError):
        return None
    return str(document["commit"]) if isinstance(document, dict) and document.get("commit") else None


def refuse_other_projects(environment: Environment, connections: Connections) -> None:
    """Raises PreconditionFailed where containers of another Compose project run from the same folder."""
    label = f"label=com.docker.compose.project.working_dir={environment.server.directory}"
    listing = connections.server.run(Command(("docker", "ps", "--filter", label, "--format", _OTHER_PROJECTS)))
    pairs = [line.partition("\t") for line in listing.stdout.splitlines() if line.strip()]
    refuse_foreign(name for project, _, name in pairs if project != PROJECT)


def refuse_foreign(names: Iterable[str]) -> None:
    """Raises PreconditionFailed for names of containers that no runbook deployed."""
    found = sorted(names)
    if found:
        raise PreconditionFailed(
            f"An application runs here that no runbook has deployed: {', '.join(found)}. It is not a first deployment.",
            where="Docker on the server", next_step=WHAT_NEXT)


def foreign_services(environment: Environment, containers: Iterable[Container]) -> list[str]:
    """Running services of the application without a colour: started by an operator, from another Compose file."""
    coloured = {name for name, service in environment.services.items() if service.coloured}
    return [one.service for one in containers if one.service in coloured and one.state == "running"]


def upstreams_file(colour: str) -> str:
    """nginx's upstreams, all traffic to one colour. Source: nginx manual, ngx_http_upstream_module."""
    return (
        f"# Written by the deploy runbook: {colour} gets the traffic.\n"
        f"upstream backend {{ server backend-{colour}:8000; keepalive 32; }}\n"
        f"upstream frontend {{ server frontend-{colour}:3000; keepalive 32; }}\n"
    )


def env_file_of(environment: Environment, containers: Iterable[Container], live: str | None,
                versions: Mapping[str, str]) -> str:
    """A `.env` that describes the containers as they are, so that Compose changes none of them.

    `versions` maps a commit to its name in the release history.
    """
    found = {one.service: one for one in containers}
    variables = {"COMPOSE_PROJECT_NAME": PROJECT, "COMPOSE_PROFILES": live or ""}
    for colour in COLOURS:
        backend = found.get(f"backend-{colour}")
        commit = (_commit_of(backend) if backend else None) or ""
        variables[f"{colour.upper()}_COMMIT"] = commit
        variables[f"{colour.upper()}_VERSION"] = versions.get(commit, commit[:12])
    for service, one in sorted(found.items()):
        name = service.upper().replace("-", "_")
        if one.labels.get(CONFIGURATION_LABEL):
            variables[f"{name}_CONFIG_HASH"] = one.labels[CONFIGURATION_LABEL]
        if f"{name}_IMAGE" in environment.images:
            variables[f"{name}_IMAGE"] = one.image
    variables = {**environment.images, **variables}
    lines = ["# Written by the deploy runbook from the containers that ran: the file was lost.",
             *(f"{name}={value}" for name, value in variables.items())]
    return "\n".join(lines) + "\n"


def _commit_of(container: Container) -> str | None:
    tag = container.image.rpartition(":")[2]
    return tag if COMMIT.fullmatch(tag) else None
