"""What a colour without traffic says of itself, asked inside its own containers."""

from __future__ import annotations

import json as _json
from dataclasses import dataclass, field
from typing import Any

from runbook_lib.asking import Connections, HttpReply, Question, Server
from runbook_lib.environment import Environment
from runbook_lib.errors import EndpointUnavailable, FactUnreadable
from runbook_lib.facts.assets import ASSET
from runbook_lib.facts.user_flows import UserFlow, visit
from runbook_lib.plan import Command

# The backend image has Python and no curl; a 503 still carries the health document. The request comes over the
# standard input, so that nothing of it is seen in a process list.
FETCH = """
import json, sys, urllib.error, urllib.request
asked = json.load(sys.stdin)
body = json.dumps(asked["json"]).encode() if asked["json"] is not None else None
headers = {"Content-Type": "application/json", **asked["headers"]}
request = urllib.request.Request(asked["url"], body, headers, method=asked["method"])
try:
    reply = urllib.request.urlopen(request, timeout=asked["timeout_s"])
except urllib.error.HTTPError as error:
    reply = error
sys.stdout.write(f"{reply.status}\\n{reply.read().decode()}")
"""
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
class InsideReply:
    """One reply from inside: HTTP status and the JSON document."""

    status: int
    document: dict[str, Any]


@dataclass(frozen=True)
class IdleColour:
    """The replies of a colour's backend and frontend to requests from within their own network.

    `assets`: the HTTP status of the page and of each file it names.
    """

    health: InsideReply
    api_health: InsideReply
    frontend_release: InsideReply
    assets: dict[str, int] = field(default_factory=dict)


def idle_colour_of(environment: Environment, colour: str) -> Question[IdleColour]:
    """Health, release and files of `colour`. Raises FactUnreadable when a container does not answer."""

    def put(connections: Connections) -> IdleColour:
        backend = InsideHttp(connections.server, colour)
        frontend = InsideHttp(connections.server, colour, f"http://frontend-{colour}:3000")
        return IdleColour(
            health=_reply(backend, "/health"),
            api_health=_reply(backend, "/api/v1/health"),
            frontend_release=_reply(frontend, "/release.json"),
            assets=parse_assets(connections.server.run(frontend.python(ASSETS, frontend.base, ASSET.pattern)).stdout),
        )

    return Question(f"the {colour} colour from inside", put)


def user_flow_inside(environment: Environment, colour: str) -> Question[UserFlow]:
    """What a user does, done inside `colour` before anybody else can reach it."""
    return Question(f"user flow inside {colour}",
                    lambda connections: visit(InsideHttp(connections.server, colour)))


@dataclass(frozen=True)
class InsideHttp:
    """HTTP from within the backend's container: the same protocol as from outside, another road."""

    server: Server
    colour: str
    base: str = "http://127.0.0.1:8000"

    def python(self, *words: str, stdin: str | None = None) -> Command:
        """A Python program inside the container."""
        inside = ("docker", "exec", "-i", f"gw2-staging-backend-{self.colour}-1", "python", "-c")
        return Command((*inside, *words), stdin=stdin, timeout_s=20)

    def request(self, method: str, path: str, *, json: Any = None, headers: dict[str, str] | None = None,
                timeout_s: float = 10.0) -> HttpReply:
        """One exchange. Raises EndpointUnavailable when there is no reply."""
        asked = {"method": method, "url": self.base + path, "json": json, "headers": headers or {},
                 "timeout_s": timeout_s}
        try:
            result = self.server.run(self.python(FETCH, stdin=_json.dumps(asked)))
        except FactUnreadable as cause:
            raise EndpointUnavailable(f"{method} {path}: no reply inside the container", where=self.base) from cause
        status, _, body = result.stdout.partition("\n")
        if not status.isdigit():
            raise EndpointUnavailable(f"{method} {path}: {result.stdout[:80]!r}", where=self.base)
        return HttpReply(self.base + path, int(status), {}, body.encode(), result.seconds)


def _reply(http: InsideHttp, path: str) -> InsideReply:
    try:
        reply = http.request("GET", path, timeout_s=5.0)
    except EndpointUnavailable as cause:
        raise FactUnreadable(cause.what, where=cause.where) from cause
    return parse_inside_reply(f"{reply.status}\n{reply.text}", http.base + path)


def parse_assets(text: str) -> dict[str, int]:
    """Path → HTTP status. Raises FactUnreadable for anything else."""
    try:
        return {str(path): int(status) for path, status in dict(_json.loads(text)).items()}
    except (ValueError, TypeError) as cause:
        raise FactUnreadable(f"the frontend's files were told in an unknown form: {text[:80]!r}") from cause


def parse_inside_reply(text: str, url: str) -> InsideReply:
    """A status line and a JSON object. Raises FactUnreadable for anything else."""
    status, _, body = text.partition("\n")
    try:
        document = _json.loads(body)
        if not isinstance(document, dict):
            raise ValueError("not a JSON object")
        return InsideReply(int(status), document)
    except ValueError as cause:
        raise FactUnreadable(
            f"{url} answered something else than a JSON object: {body[:80]!r}",
            where=url,
            next="Read the container's log with `docker logs`; the release does not speak the health protocol.",
        ) from cause
