"""A candidate's endpoints, asked from the server: what it replies, and what it lacks."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.release.facts.candidate import (
    CandidateState,
    candidate_endpoints,
    candidate_name,
    candidate_state,
    parse_reply,
)
from tests.unit.shop_environment import shop

SHOP = shop()


def asked(status: Any, page: Any) -> dict[str, Any]:
    server: Any = ScriptedConnections(commands={" /status/": status, "shop.example.com /": page})
    return {one.path: one for one in candidate_endpoints(SHOP, "web").fetch(server)}


def test_each_endpoint_of_the_service_is_asked_and_compared_with_what_it_must_hold() -> None:
    seen = asked('{"state": "open"}\n200 0.01 0.005', "<h1>12 products</h1>\n200 0.02")
    assert {path: (one.status, one.lacks) for path, one in seen.items()} == {"/status/": (200, ()), "/": (200, ())}
    closed = asked('{"state": "closed"}\n200 0.01 0.005', "an empty page\n200 0.02")
    assert closed["/status/"].lacks and closed["/"].lacks


def test_no_reply_is_a_value_with_the_reason() -> None:
    seen = asked((7, "\n000 0.0 0.000000", "curl: (7) Failed to connect"), (1, "", "the candidate has no address"))
    assert (seen["/status/"].status, seen["/status/"].error) == (None, "curl: (7) Failed to connect")
    assert seen["/"].error == "the candidate has no address"


def test_the_status_is_the_last_line_and_no_part_of_the_body() -> None:
    reply = parse_reply('{"a":\n1}\n200 0.25', "/x")
    assert reply is not None and (reply.status, reply.seconds, reply.json()) == (200, 0.25, {"a": 1})
    assert parse_reply("", "/x") is None and parse_reply("what is this", "/x") is None


def test_another_service_has_no_endpoint_of_its_own() -> None:
    nothing: Any = ScriptedConnections(commands={"candidate": FactUnreadable("asked")})
    assert candidate_endpoints(SHOP, "worker").fetch(nothing) == ()
    assert candidate_name(SHOP, "web") == "shop-candidate-web"


@pytest.mark.parametrize(("reply", "state"), [
    ("running healthy 0\n[1] booting\n", CandidateState("running", "healthy", 0, "[1] booting")),
    ("exited unchecked 1\nTraceback\nKeyError: 'REGION'\n\n", CandidateState("exited", "unchecked", 1, "KeyError: 'REGION'")),
    ("running starting 0\n", CandidateState("running", "starting", 0)),
    ("absent\n", CandidateState("absent")),
])
def test_its_state_is_what_docker_shows_and_the_last_line_that_it_logged(reply: str, state: CandidateState) -> None:
    server: Any = ScriptedConnections(commands={"state shop db shop shop 5 shop-candidate-web": reply})
    assert candidate_state(SHOP, "web", 5).fetch(server) == state


@pytest.mark.parametrize("reply", ["", "Cannot connect", (1, "", "Cannot connect to the Docker daemon")])
def test_a_state_that_cannot_be_read_is_no_state(reply: Any) -> None:
    server: Any = ScriptedConnections(commands={"state shop db": reply})
    with pytest.raises(FactUnreadable):
        candidate_state(SHOP, "web", 5).fetch(server)
