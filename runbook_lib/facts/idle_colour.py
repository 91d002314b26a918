"""What a colour without traffic says of itself, asked inside its own containers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from runbook_lib.asking import Connections, Question
from runbook_lib.environment import Environment
from runbook_lib.errors import FactUnreadable
from runbook_lib.plan import Command

# The backend image has Python and no curl; a 503 still carries the health document.
FETCH = """
import sys, urllib.error, urllib.request
try:
    reply = urllib.request.urlopen(sys.argv[1], timeout=5)
except urllib.error.HTTPError as error:
    reply = error
sys.stdout.write(f"{reply.status}\\n{reply.read().decode()}")
"""


@dataclass(frozen=True)
class InsideReply:
    """One reply from inside: HTTP status and the JSON document."""

    status: int
    document: dict[str, Any]


@dataclass(frozen=True)
class IdleColour:
    """The replies of a colour's backend and frontend to requests from within their own network."""

    health: InsideReply
    api_health: InsideReply
    frontend_release: InsideReply


def idle_colour_of(environment: Environment, colour: str) -> Question[IdleColour]:
    """Health and release of `colour`. Raises FactUnreadable when a container does not answer."""

    def put(connections: Connections) -> IdleColour:
        def fetch(url: str) -> InsideReply:
            inside = f"gw2-staging-backend-{colour}-1"
            argv = ("docker", "exec", inside, "python", "-c", FETCH, url)
            return parse_inside_reply(connections.server.run(Command(argv, timeout_s=15)).stdout, url)

        return IdleColour(
            health=fetch("http://127.0.0.1:8000/health"),
            api_health=fetch("http://127.0.0.1:8000/api/v1/health"),
            frontend_release=fetch(f"http://frontend-{colour}:3000/release.json"),
        )

    return Question(f"the {colour} colour from inside", put)


def parse_inside_reply(text: str, url: str) -> InsideReply:
    """A status line and a JSON object. Raises FactUnreadable for anything else."""
    status, _, body = text.partition("\n")
    try:
        document = json.loads(body)
        if not isinstance(document, dict):
            raise ValueError("not a JSON object")
        return InsideReply(int(status), document)
    except ValueError as cause:
        raise FactUnreadable(
            f"{url} answered something else than a JSON object: {body[:80]!r}",
            where=url,
            next="Read the container's log with `docker logs`; the release does not speak the health protocol.",
        ) from cause
