"""Health, release and files of a colour without traffic, asked inside its own containers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import EndpointUnavailable, FactUnreadable
from runbook_lib.core.foreign_json import NotJson, read_object
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import head_of
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.assets import ASSET
from runbook_lib.platform.facts.container_http import ContainerHttp
from runbook_lib.platform.facts.containers import exec_in
from runbook_lib.platform.facts.smoke_test import UserFlow, smoke_test_over

STATUSES = range(100, 600)
# The page of the frontend, and the status of every file that it names.
ASSETS = """
import json, re, sys, urllib.error, urllib.request
def fetch(path):
    try:
        reply = urllib.request.urlopen(sys.argv[1] + path, timeout=5)
    except urllib.error.HTTPError as error:
        reply = error
    return reply.status, reply.read().decode("utf-8", "replace")
status, page = fetch("/")
named = list(dict.fromkeys(re.findall(sys.argv[2], page)))[:50]
sys.stdout.write(json.dumps({"/": status, **{path: fetch(path)[0] for path in named}}))
"""


@dataclass(frozen=True)
class ContainerReply:
    """One reply from inside a container: HTTP status and the JSON document."""

    status: int
    document: dict[str, Any]


@dataclass(frozen=True)
class IdleColour:
    """The replies of a colour's backend and frontend to requests from within their own network.

    `assets`: the HTTP status of the page and of each file it names.
    """

    health: ContainerReply
    api_health: ContainerReply
    frontend_release: ContainerReply
    assets: dict[str, int] = field(default_factory=dict)

    @property
    def replies(self) -> dict[str, ContainerReply]:
        """The replies that name a commit, by path."""
        return {"/health": self.health, "/api/v1/health": self.api_health, "/release.json": self.frontend_release}


def survey_idle_colour(environment: Environment, colour: str) -> Question[IdleColour]:
    """Health, release and files of `colour`. Raises FactUnreadable when a container does not answer.

    Source: its own ports, inside the containers' network: nginx does not know this colour yet.
    """

    def fetch(connections: Connections) -> IdleColour:
        service, page = backend_service(colour), f"http://frontend-{colour}:3000"
        backend = ContainerHttp.of_service(connections.server, environment, service)
        frontend = ContainerHttp.of_service(connections.server, environment, service, page)
        argv = exec_in(environment, service, "python3", "-c", ASSETS, page, ASSET.pattern)
        return IdleColour(
            health=_reply(backend, "/health"),
            api_health=_reply(backend, "/api/v1/health"),
            frontend_release=_reply(frontend, "/release.json"),
            assets=parse_assets(connections.server.run(Command(argv, timeout_s=30)).stdout),
        )

    return Question(f"the {colour} colour from inside", fetch)


def backend_service(colour: str) -> str:
    """The Compose service of a colour's backend."""
    return f"backend-{colour}"


def run_smoke_test_inside(environment: Environment, colour: str) -> Question[UserFlow]:
    """The smoke test inside `colour`, before users can reach it. Raises as survey_idle_colour."""
    return Question(f"smoke test inside {colour}",
                    lambda connections: smoke_test_over(
                        ContainerHttp.of_service(connections.server, environment, backend_service(colour))))


def _reply(http: ContainerHttp, path: str) -> ContainerReply:
    try:
        reply = http.request("GET", path, timeout_s=5.0)
    except EndpointUnavailable as cause:
        raise FactUnreadable(cause.what, where=cause.where) from cause
    return parse_container_reply(f"{reply.status}\n{reply.text}", http.base + path)


def parse_assets(text: str) -> dict[str, int]:
    """Path → HTTP status. Raises FactUnreadable for anything else."""
    try:
        found = read_object(text)
        for path, status in found.items():
            if type(status) is not int or status not in STATUSES:
                raise NotJson(f"the status of {head_of(path, 80)!r} is not an HTTP status")
        return found
    except NotJson as cause:
        raise FactUnreadable(
            f"The status of the frontend's files came in an unknown form: {cause}.",
            where=f"the reply began {head_of(text, 80)!r}",
            next_step="Read the log of the colour's frontend with `docker logs`, then run the notebook again.",
        ) from cause


def parse_container_reply(text: str, url: str) -> ContainerReply:
    """A status line and a JSON object. Raises FactUnreadable for anything else."""
    status, _, body = text.partition("\n")
    try:
        return ContainerReply(int(status), read_object(body))
    except ValueError as cause:
        raise FactUnreadable(
            f"{url} did not answer with a JSON object ({cause}): {head_of(body, 80)!r}",
            where=url,
            next_step="Read the container's log with `docker logs`; the release does not speak the health protocol.",
        ) from cause
