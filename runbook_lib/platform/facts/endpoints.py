"""The environment's endpoints as a user gets them: status, body fields, time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from runbook_lib.core.commands import Command
from runbook_lib.core.deadlines import each_within
from runbook_lib.core.errors import CertificateOutOfDate, EndpointUnavailable, NameUnresolved
from runbook_lib.core.foreign_json import MISSING, same_json, value_at
from runbook_lib.core.questions import Connections, HttpReply, Question
from runbook_lib.core.text import head_of
from runbook_lib.environment import Environment
from runbook_lib.environment.health import HealthEndpoint
from runbook_lib.platform.facts.certificates import clock_problem

TIMEOUT_S = 5.0
MORE_S = 0.5  # for what comes in addition to the exchange: the name, the connection, the way over the server
SHOWN = 60  # characters of a reply's value
_REFUSED = (403, 404)  # a proxy hides private pages: it answers as if there were none


@dataclass(frozen=True)
class Endpoint:
    """One probe of one path. Where no reply came, `status` and `seconds` are None, and `error` holds the reason.

    `fields` is the reply's JSON object; `lacks` what it should hold by the environment file and does not, in words.
    `dated`: TLS failed by this machine's clock; `doubt`: why that shows nothing of users.
    """

    path: str
    status: int | None
    fields: dict[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    size_bytes: int = 0
    error: str = ""
    request_id: str = ""
    lacks: tuple[str, ...] = ()
    dated: bool = False
    doubt: str = ""

    def named(self, place: str) -> str:
        """What the reply holds at a dotted place, as text; empty where it has none there."""
        found = value_at(self.fields, place)
        return str(found) if isinstance(found, (str, int, float)) else ""


def survey_endpoints(environment: Environment, *, timeout_s: float = TIMEOUT_S,
                     resolved: bool = False) -> Question[tuple[Endpoint, ...]]:
    """The environment's health endpoints, asked concurrently. Never raises for a single one.

    `timeout_s` is for each, all at once, and half a second more for all of them. With `resolved` it raises
    NameUnresolved, where this machine can ask none of them. Where this machine is refused a private one, the server
    asks instead. Source: the public address, through the proxy.
    """
    rules = environment.health.endpoints

    def probe(connections: Connections, path: str) -> Endpoint:
        try:
            seen = endpoint(path, connections.http.request("GET", path, timeout_s=timeout_s), rules[path])
        except EndpointUnavailable as error:
            if resolved and isinstance(error, NameUnresolved):
                raise
            return Endpoint(path, None, error=error.what, dated=isinstance(error, CertificateOutOfDate))
        if seen.status in _REFUSED and rules[path].private:
            return _from_the_server(connections, environment, path, timeout_s)
        return seen

    def fetch(connections: Connections) -> tuple[Endpoint, ...]:
        _ = connections.http  # opened here, not by five threads at once
        paths = tuple(rules)
        found = each_within(timeout_s + MORE_S, [partial(probe, connections, path) for path in paths], lambda number:
                            Endpoint(paths[number], None, error=f"No reply within {timeout_s + MORE_S:g} s."))
        doubt = clock_problem(connections) if any(one.dated for one in found) else ""
        return tuple(replace(one, doubt=doubt) if one.dated else one for one in found)

    return Question("endpoints", fetch)


def endpoint(path: str, reply: HttpReply, rule: HealthEndpoint | None = None) -> Endpoint:
    """A reply as an endpoint, compared with what it must hold; `fields` is empty for what is not a JSON object."""
    document, fault = None, ""
    try:
        document = reply.json()
    except ValueError as error:
        fault = f"it is not JSON: {error}, {head_of(reply.text, SHOWN)!r}"
    lacks = tuple(_lacking(rule, document, fault, reply.text)) if rule and reply.status == rule.status else ()
    return Endpoint(path, reply.status, document if isinstance(document, dict) else {}, reply.seconds, len(reply.body),
                    request_id=reply.request_id, lacks=lacks)


def _lacking(rule: HealthEndpoint, document: Any, fault: str, text: str) -> Iterator[str]:
    if fault and (rule.fields or rule.json_is is not None):
        yield fault
        return
    for place, value in rule.fields.items():
        found = value_at(document, place)
        if not same_json(found, value):
            yield f"{place} is {_in_words(found)}, not {_in_words(value)}"
    if rule.json_is is not None and not same_json(document, rule.json_is):
        yield f"it is {_in_words(document)}, not {_in_words(rule.json_is)}"
    if rule.empty and text.strip():
        yield f"it is not empty: {head_of(text, SHOWN)!r}"
    if rule.contains and rule.contains not in text:
        yield f"{rule.contains!r} is not in it"


def _in_words(value: Any) -> str:
    return "missing" if value is MISSING else head_of(json.dumps(value, ensure_ascii=False), SHOWN)


def _from_the_server(connections: Connections, environment: Environment, path: str, timeout_s: float) -> Endpoint:
    public = environment.public
    port = public.port
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
