"""Health, release and files of a colour without traffic, asked inside its own containers."""

from __future__ import annotations

from dataclasses import dataclass, field

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import EndpointUnavailable, FactUnreadable
from runbook_lib.core.foreign_json import NotJson, read_object
from runbook_lib.core.questions import Connections, Question, Server
from runbook_lib.core.text import head_of
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.assets import asset_pattern
from runbook_lib.platform.facts.container_http import ContainerHttp
from runbook_lib.platform.facts.containers import exec_in
from runbook_lib.platform.facts.endpoints import Endpoint, endpoint
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
status, page = fetch(sys.argv[3])
named = list(dict.fromkeys(re.findall(sys.argv[2], page)))[:50]
sys.stdout.write(json.dumps({sys.argv[3]: status, **{path: fetch(path)[0] for path in named}}))
"""


@dataclass(frozen=True)
class IdleColour:
    """The replies of a colour's services to requests from within their own network.

    `assets`: the HTTP status of the page and of each file it names.
    """

    replies: tuple[Endpoint, ...] = ()
    assets: dict[str, int] = field(default_factory=dict)


def survey_idle_colour(environment: Environment, colour: str) -> Question[IdleColour]:
    """Health, release and files of `colour`. Raises FactUnreadable when a container does not answer.

    Source: its own ports, inside the containers' network: nginx does not know this colour yet.
    """

    def fetch(connections: Connections) -> IdleColour:
        server, page, files = connections.server, page_inside(environment, colour), environment.page
        replies = tuple(_reply(server, environment, colour, path) for path in asked_inside(environment))
        if not page or files is None:
            return IdleColour(replies)
        argv = exec_in(environment, environment.api_of(colour), "python3", "-c", ASSETS, page,
                       asset_pattern(files.assets), files.path)
        return IdleColour(replies, parse_assets(server.run(Command(argv, timeout_s=30)).stdout))

    return Question(f"the {colour} colour from inside", fetch)


def page_inside(environment: Environment, colour: str) -> str:
    """Where the containers of a colour reach its page, as http://SERVICE:PORT; empty where a release has no page."""
    release, page = environment.release, environment.release.page
    return f"http://{release.in_slot(page, colour)}:{release.services[page].port}" if page else ""


def run_smoke_test_inside(environment: Environment, colour: str) -> Question[UserFlow]:
    """The smoke test inside `colour`, before users can reach it. Raises as survey_idle_colour."""

    def fetch(connections: Connections) -> UserFlow:
        name = environment.smoke.service if environment.smoke else ""
        if not name:
            return smoke_test_over(environment, connections.http)  # sends nothing, and says why
        service, ours = environment.services[name], environment.release.services.get(name)
        host = f"http://127.0.0.1:{ours.port if ours else service.port}"
        inside = f"{name}-{colour}" if service.coloured else name
        return smoke_test_over(environment, ContainerHttp.of_service(connections.server, environment, inside, host))

    return Question(f"smoke test inside {colour}", fetch)


def asked_inside(environment: Environment) -> tuple[str, ...]:
    """The paths of the endpoints that a release answers itself, and that say what they hold."""
    return tuple(path for path, rule in environment.health.endpoints.items()
                 if environment.services[rule.service].coloured and not rule.private)


def _reply(server: Server, environment: Environment, colour: str, path: str) -> Endpoint:
    rule, client = environment.health.endpoints[path], environment.api_of(colour)
    # a service may have further ports, its metrics' for one, and the last of all of them is not always this
    service, port = environment.release.in_slot(rule.service, colour), environment.release.services[rule.service].port
    host = "127.0.0.1" if service == client else service
    http = ContainerHttp.of_service(server, environment, client, f"http://{host}:{port}")
    try:
        return endpoint(path, http.request("GET", path, timeout_s=5.0), rule)
    except EndpointUnavailable as cause:
        raise FactUnreadable(cause.what, where=cause.where) from cause


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
