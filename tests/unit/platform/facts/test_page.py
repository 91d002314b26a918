"""The page in a browser: who answers its requests, and what an absent browser or page comes to."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.browsing import PageRequest, PageView
from runbook_lib.core.errors import BrowserMissing, EndpointUnavailable, FactUnreadable
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.page import colour_answers, view_page, view_page_inside
from tests.unit.environment_doubles import with_services_renamed

ENVIRONMENT = load_environment("staging")
VIEW = PageView("/", "Chrome/156")
REPLY = json.dumps({"status": 200, "headers": {"Content-Type": "image/png", "Content-Length": "9", "Connection": "close"},
                    "base64": base64.b64encode(b"\x89PNG\xff").decode(), "seconds": 0.1})


def asked_of(connections: ScriptedConnections) -> dict[str, Any]:
    asked: dict[str, Any] = json.loads(str(connections.server.asked[-1].stdin))
    return asked


def test_the_page_is_seen_through_the_browser_of_this_machine() -> None:
    connections: Any = ScriptedConnections(pages={"/": VIEW})
    assert view_page(ENVIRONMENT).fetch(connections) is VIEW
    assert view_page_inside(ENVIRONMENT, "green").fetch(connections) is VIEW


def test_without_a_browser_the_view_says_so_and_what_to_do() -> None:
    missing = BrowserMissing("There is no browser.", next_step="Install one.")
    connections: Any = ScriptedConnections(pages={"/": missing})
    view = view_page(ENVIRONMENT).fetch(connections)
    assert view is not None
    assert (view.browser, view.problem) == (None, "There is no browser. Install one.")


def test_an_environment_without_a_page_is_not_opened() -> None:
    bare = ENVIRONMENT.model_copy(update={"gate": ENVIRONMENT.gate.model_copy(update={"page": None})})
    connections: Any = ScriptedConnections()
    assert view_page(bare).fetch(connections) is None


@pytest.mark.parametrize(("path", "url"), [
    ("/", "http://frontend-green:3000/"),
    ("/assets/x.js?v=1", "http://frontend-green:3000/assets/x.js?v=1"),
    ("/api/v1/squads?limit=5", "http://127.0.0.1:8000/api/v1/squads?limit=5"),
    ("/health", "http://127.0.0.1:8000/health"),
    ("/healthy", "http://frontend-green:3000/healthy"),
])
def test_a_colour_answers_its_page_as_the_proxy_will(path: str, url: str) -> None:
    connections = ScriptedConnections(commands={"docker exec": REPLY})
    with colour_answers(ENVIRONMENT, connections.server, "green") as answer:
        reply = answer(PageRequest("POST", path, {"Host": "x", "Accept": "*/*"}, "{}"))
    assert asked_of(connections) == {"method": "POST", "url": url, "content": "{}", "headers": {"Accept": "*/*"},
                                     "timeout_s": 10.0, "follow": False, "keep_body": True}
    assert (reply.status, reply.headers, reply.body) == (200, {"Content-Type": "image/png"}, b"\x89PNG\xff")


def test_a_container_that_does_not_answer_is_a_request_that_failed() -> None:
    connections = ScriptedConnections(commands={"docker exec": (1, "", "no reply")})
    with colour_answers(ENVIRONMENT, connections.server, "green") as answer, pytest.raises(EndpointUnavailable):
        answer(PageRequest("GET", "/", {}))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"status": 200, "headers": {}, "base64": "?", "seconds": 1}'])
def test_a_reply_in_an_unknown_form_is_unreadable(text: str) -> None:
    connections = ScriptedConnections(commands={"docker exec": text})
    with colour_answers(ENVIRONMENT, connections.server, "green") as answer, pytest.raises(FactUnreadable):
        answer(PageRequest("GET", "/", {}))


def test_two_views_of_the_same_page_are_equal_whatever_their_pictures() -> None:
    assert replace(VIEW) == VIEW


@pytest.mark.parametrize(("path", "url"), [("/", "http://site-green:3000/"), ("/health", "http://127.0.0.1:9000/health")])
def test_a_colour_answers_at_the_services_and_ports_that_the_environment_names(path: str, url: str) -> None:
    elsewhere = with_services_renamed({"backend": "api", "frontend": "site"})
    api = elsewhere.release.services["api"].model_copy(update={"port": 9000})
    release = elsewhere.release.model_copy(update={"services": {**elsewhere.release.services, "api": api}})
    connections = ScriptedConnections(commands={"docker exec": REPLY})
    with colour_answers(elsewhere.model_copy(update={"release": release}), connections.server, "green") as answer:
        answer(PageRequest("GET", path, {}))
    assert asked_of(connections)["url"] == url
    assert "api-green" in connections.server.asked[-1].argv
