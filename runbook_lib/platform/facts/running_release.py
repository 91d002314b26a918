"""What runs, asked of Docker: for a server whose own files about it are lost, or were never written.

Without this an application that runs would be taken for a first deployment: no backup of its database, and an undo that
removes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from runbook_lib.core.commands import Command
from runbook_lib.core.engine import ask_engine
from runbook_lib.core.errors import EndpointUnavailable, FactUnreadable, PreconditionFailed
from runbook_lib.core.questions import Connections
from runbook_lib.core.text import lines_of
from runbook_lib.environment import Environment
from runbook_lib.environment.release import service_of_slot
from runbook_lib.environment.services import COLOURS
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.endpoints import endpoint

COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")  # SHA-1; SHA-256, where a repository was made so
# Containers of our folder in another project, and of our project in another folder. A folder may have several paths.
STRANGERS = r"""
here=$(readlink -f -- "$1") || here=$1
tab=$(printf '\t')
found=$(docker ps --all --filter label=com.docker.compose.project --format '{{.Label "com.docker.compose.project"}}
{{- "\t"}}{{.State}}{{"\t"}}{{.Names}}{{"\t"}}{{.Label "com.docker.compose.project.working_dir"}}') || exit
printf '%s\n' "$found" | while IFS=$tab read -r project state name folder; do
    [ -n "$project" ] || continue
    [ "$folder" = "$1" ] || folder=$(readlink -f -- "$folder") || true
    case $folder in
    "") ;;
    "$1" | "$here") [ "$project" = "$2" ] || [ "$state" != running ] || echo "project$tab$project$tab$name" ;;
    *) [ "$project" != "$2" ] || echo "folder$tab$folder$tab$name" ;;
    esac
done
"""


@dataclass(frozen=True)
class RunningRelease:
    """The colour that has the traffic, and the commit of its image; None for an image without a commit."""

    colour: str
    commit: str | None


def running_release(environment: Environment, containers: Iterable[Container], *, named_colour: str | None = None,
                    served_commit: str | None = None) -> RunningRelease | None:
    """The release of the application's containers, running ones first; None where there is none.

    Of two colours the one counts that a file of the server still names, or whose commit is what users get. Raises
    FactUnreadable where neither is known.
    """
    # of several containers the one that runs counts, which comes last here: a recreation may have left others
    known = sorted(containers, key=lambda one: one.state == "running")
    backends = {colour: one for colour in COLOURS for one in known if one.service == environment.api_of(colour)}
    running = {colour: one for colour, one in backends.items() if one.state == "running"}
    found = running or backends
    if not found:
        return None
    releases = {colour: RunningRelease(colour, commit_of(one)) for colour, one in found.items()}
    if len(releases) == 1:
        return next(iter(releases.values()))
    if named_colour in releases:
        return releases[named_colour]
    served = [one for one in releases.values() if served_commit and one.commit == served_commit]
    if len(served) == 1:
        return served[0]
    raise FactUnreadable(
        "Both colours exist, and neither nginx's upstream file nor our variables say which one has the traffic.",
        where=f".runbook/upstreams/active.conf, {environment.compose.variables_file}",
        next_step="Find out with `docker logs` of both backends, and stop the colour without requests; then run again.")


def served_commit(environment: Environment, connections: Connections) -> str | None:
    """The commit that users get from the first endpoint that should name one; None where there is none, or no reply."""
    for path, rule in environment.health.endpoints.items():
        if rule.commit:
            try:
                return endpoint(path, connections.http.request("GET", path)).named(rule.commit) or None
            except EndpointUnavailable:
                return None
    return None


def refuse_other_projects(environment: Environment, connections: Connections) -> None:
    """Raises PreconditionFailed unless folder and Compose project belong to each other, and to no other environment.

    With another project's name a second, empty database would be made; with another folder's, that environment's
    containers would be replaced by ours.
    """
    argv = ("sh", "-c", STRANGERS, "strangers", environment.server.directory, environment.project)
    rows = [line.split("\t") for line in lines_of(ask_engine(connections.server.run, Command(argv)).stdout)]
    elsewhere = sorted(name for kind, _, name in rows if kind == "folder")
    if elsewhere:
        folder = next(folder for kind, folder, _ in rows if kind == "folder")
        raise PreconditionFailed(
            f"The Compose project {environment.project} belongs to {folder}: {', '.join(elsewhere)}.",
            where=f"Docker on the server, asked for {environment.server.directory}",
            next_step="Give this environment a name of its own in compose.project, or correct server.directory.")
    refuse_foreign(environment, (name for kind, _, name in rows if kind == "project"))


def refuse_another_project(environment: Environment, variables: Mapping[str, str]) -> None:
    """Raises PreconditionFailed where the server's `.env` names another Compose project: the folder is that one's."""
    # as Compose reads it, and as lock_acquire.sh does: a comment behind it; a name with ${…} in it only Compose knows
    named = re.sub(r"(^|\s)#.*", "", variables.get("COMPOSE_PROJECT_NAME", "")).strip().strip("'\"")
    owner = named if named and "$" not in named else environment.project
    if owner != environment.project:
        raise PreconditionFailed(
            f"The folder belongs to the Compose project {owner}; this environment's project is {environment.project}.",
            where=environment.server.path(environment.compose.variables_file),
            next_step=f"Is it this environment that runs there: set compose.project to {owner}. Else give it a "
            "server.directory of its own.")


def refuse_foreign(environment: Environment, names: Iterable[str]) -> None:
    """Raises PreconditionFailed for names of containers that no runbook deployed."""
    found = sorted(names)
    if found:
        raise PreconditionFailed(
            f"An application runs here that no runbook has deployed: {', '.join(found)}. It is not a first deployment.",
            where="Docker on the server",
            next_step=f"Stop it, or bring it under the runbooks: name its Compose project {environment.project}, or "
            f"that name in compose.project, and its services as in {environment.compose.shown_files}; then run again.")


def foreign_services(environment: Environment, containers: Iterable[Container]) -> list[str]:
    """Running services of another Compose file: those of the application without a colour, and ones of other names.

    Next to a container of a release, a service of another name is a helper that an operator has started.
    """
    known = tuple(containers)
    coloured = {name for name, service in environment.services.items() if service.coloured}
    ours = {one for name, service in environment.services.items() for one in service.containers(name)}
    of_a_release = {service_of_slot(name, colour) for name in coloured for colour in COLOURS}
    released = any(one.service in of_a_release for one in known)
    return [one.service for one in known if one.state == "running"
            and (one.service in coloured or not (released or one.service in ours))]


def parse_application_images(listing: str, environment: Environment) -> frozenset[str]:
    """The `name:tag` lines that belong to the application."""
    ours = {service.image for service in environment.release.services.values()}
    # from the right: a registry's port has a colon, too
    return frozenset(line for line in listing.split() if line.rpartition(":")[0] in ours)


def upstreams_file(environment: Environment, colour: str) -> str:
    """nginx's upstreams, all traffic to one colour. Source: nginx manual, ngx_http_upstream_module."""
    return "".join((f"# Written by the deploy runbook: {colour} gets the traffic.\n", *(
        upstream_line(name, f"{service_of_slot(name, colour)}:{service.port}")
        for name, service in environment.release.services.items())))


def upstream_line(name: str, address: str, *, pooled: bool = True) -> str:
    """One upstream of nginx, called like the service that it leads to; `pooled`: its connections are kept."""
    keepalive = "keepalive 32; " if pooled else ""
    return f"upstream {name} {{ server {address}; {keepalive}}}\n"


def env_file_of(environment: Environment, containers: Iterable[Container], live: str | None,
                versions: Mapping[str, str]) -> str:
    """A `.env` that describes the containers as they are, so that Compose changes none of them.

    `versions` maps a commit to its name in the release history.
    """
    found = {one.service: one for one in containers}
    variables = {"COMPOSE_PROJECT_NAME": environment.project, "COMPOSE_PROFILES": live or ""}
    for colour in COLOURS:
        backend = found.get(environment.api_of(colour))
        commit = (commit_of(backend) if backend else None) or ""
        variables[f"{colour.upper()}_COMMIT"] = commit
        variables[f"{colour.upper()}_VERSION"] = versions.get(commit, commit[:12])
    for service, one in sorted(found.items()):
        name = service.upper().replace("-", "_")
        if of_configuration := one.labels.get(environment.compose.configuration_label or ""):
            variables[f"{name}_CONFIG_HASH"] = of_configuration
        if f"{name}_IMAGE" in environment.images:
            variables[f"{name}_IMAGE"] = one.image
    variables = {**environment.images, **variables}
    lines = ["# Written by the deploy runbook from the containers that ran: the file was lost.",
             *(f"{name}={value}" for name, value in variables.items())]
    return "\n".join(lines) + "\n"


def commit_of(container: Container) -> str | None:
    """The commit that the image of a container is tagged with; None where the tag is not one."""
    tag = container.image.rpartition(":")[2]
    return tag if COMMIT.fullmatch(tag) else None
