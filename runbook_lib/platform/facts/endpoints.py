"""The environment's endpoints as a user gets them: status, body fields, time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import EndpointUnavailable
from runbook_lib.core.questions import Connections, HttpReply, Question
from runbook_lib.environment import Environment

PAGES = ("/", "/release.json")
TIMEOUT_S = 5.0
_REFUSED = (403, 404)  # nginx hides private pages: it answers as if there were none


@dataclass(frozen=True)
class Endpoint:
    """One probe of one path. Where no reply came, `status` and `seconds` are None, and `error` holds the reason."""

    path: str
    status: int | None
    fields: dict[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    size_bytes: int = 0
    error: str = ""
    request_id: str = ""


def survey_endpoints(environment: Environment, *, timeout_s: float = TIMEOUT_S) -> Question[tuple[Endpoint, ...]]:
    """The plan's health endpoints, the page and its release, asked concurrently. Never raises for a single one.

    `timeout_s` is for each. Metrics are for private addresses only: where this machine is refused, the server asks
    instead. Source: the public address, through nginx.
    """
    paths = (*environment.health.endpoints, *PAGES)

    def probe(connections: Connections, path: str) -> Endpoint:
        try:
            seen = endpoint(path, connections.http.request("GET", path, timeout_s=timeout_s))
        except EndpointUnavailable as error:
            return Endpoint(path, None, error=error.what)
        if seen.status in _REFUSED and path == environment.health.metrics_path:
            return _from_the_server(connections, environment, path, timeout_s)
        return seen

    def fetch(connections: Connections) -> tuple[Endpoint, ...]:
        _ = connections.http  # opened here, not by five threads at once
        with ThreadPoolExecutor(len(paths)) as together:
            return tuple(together.map(lambda path: probe(connections, path), paths))

    return Question("endpoints", fetch)


def endpoint(path: str, reply: HttpReply) -> Endpoint:
    """A reply as an endpoint; `fields` holds the top level of a JSON object and is empty for anything else."""
    try:
        document = reply.json()
    except ValueError:
        document = None
    fields = document if isinstance(document, dict) else {}
    return Endpoint(path, reply.status, fields, reply.seconds, len(reply.body), request_id=reply.request_id)


def _from_the_server(connections: Connections, environment: Environment, path: str, timeout_s: float) -> Endpoint:
    public = environment.public
    port = public.url.removeprefix("https://").partition(":")[2] or "443"
    # --insecure: whether the certificate verifies is a fact of its own, and is asked from outside
    words = (
        "curl", "--silent", "--show-error", "--insecure", "--output", "/dev/null", "--max-time", f"{timeout_s:g}",
        "--write-out", "%{http_code} %{time_total} %{size_download}",
        "--resolve", f"{public.host}:{port}:127.0.0.1", f"{public.url}{path}",
    )
    result = connections.server.run(Command(words, timeout_s=timeout_s + 5, accepts=tuple(range(128))))
    return parse_curl(path, result.stdout, result.stderr)


def parse_curl(path: str, text: str, error: str) -> Endpoint:
    """`STATUS SECONDS BYTES` as curl's --write-out gives it; status 000 means that no reply came."""
    words = text.split()
    try:
        status, seconds, size = int(words[0]), float(words[1]), int(float(words[2]))
    except (IndexError, ValueError):
        status, seconds, size = 0, 0.0, 0
    if status == 0:
        return Endpoint(path, None, error=error.strip() or "no reply when asked from the server")
    return Endpoint(path, status, {}, seconds, size)
