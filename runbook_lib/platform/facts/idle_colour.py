"""Health, release and files of a colour without traffic, asked inside its own containers."""

from __future__ import annotations

from dataclasses import dataclass, field

from runbook_lib.core.errors import EndpointUnavailable, FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment
from runbook_lib.environment.release import PageFiles
from runbook_lib.platform.facts.assets import parse_asset_paths
from runbook_lib.platform.facts.container_http import ContainerHttp
from runbook_lib.platform.facts.endpoints import Endpoint, endpoint
from runbook_lib.platform.facts.smoke_test import UserFlow, smoke_test_over

ASSET_TIMEOUT_S = 5.0


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
        page, files, client = page_inside(environment, colour), environment.page, environment.api_of(colour)
        with ContainerHttp.of_service(connections.server, environment, client) as inside:
            try:
                replies = tuple(_reply(inside, environment, colour, path) for path in asked_inside(environment))
                return IdleColour(replies, _assets(inside.at(page), files) if page and files else {})
            except EndpointUnavailable as cause:
                raise FactUnreadable(cause.what, where=cause.where) from cause

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
        with ContainerHttp.of_service(connections.server, environment, inside, host) as http:
            return smoke_test_over(environment, http)

    return Question(f"smoke test inside {colour}", fetch)


def asked_inside(environment: Environment) -> tuple[str, ...]:
    """The paths of the endpoints that a release answers itself, and that say what they hold."""
    return tuple(path for path, rule in environment.health.endpoints.items()
                 if environment.services[rule.service].coloured and not rule.private)


def _reply(inside: ContainerHttp, environment: Environment, colour: str, path: str) -> Endpoint:
    rule = environment.health.endpoints[path]
    # a service may have further ports, its metrics' for one, and the last of all of them is not always this
    service, port = environment.release.in_slot(rule.service, colour), environment.release.services[rule.service].port
    host = "127.0.0.1" if service == environment.api_of(colour) else service
    return endpoint(path, inside.at(f"http://{host}:{port}").request("GET", path, timeout_s=5.0), rule)


def _assets(inside: ContainerHttp, files: PageFiles) -> dict[str, int]:
    """The status of the page, and of every file that it names."""
    page = inside.request("GET", files.path, timeout_s=ASSET_TIMEOUT_S)
    named = parse_asset_paths(page.text, files.assets)
    return {files.path: page.status, **{path: inside.status(path, timeout_s=ASSET_TIMEOUT_S) for path in named}}
