"""Endpoints: what came, or why nothing came."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import CertificateOutOfDate, EndpointUnavailable
from runbook_lib.core.questions import HttpReply
from runbook_lib.environment.health import HealthEndpoint
from runbook_lib.platform.facts.endpoints import Endpoint, endpoint, parse_curl, survey_endpoints

RULE = HealthEndpoint(title="health", service="api", commit="commit")
ENVIRONMENT: Any = SimpleNamespace(
    health=SimpleNamespace(endpoints={
        "/health": RULE, "/metrics": HealthEndpoint(title="m", service="api", private=True), "/": RULE, "/release.json": RULE,
    }),
    public=SimpleNamespace(url="https://staging.example.com", host="staging.example.com", port=443),
)
GOOD = {
    "/health": (503, {"status": "degraded", "commit": "abc"}),
    "/metrics": (200, "# HELP"),
    "/": (200, "<html>"),
    "/release.json": (200, "[]"),
}


def seen(commands: dict[str, Any] | None = None, **replies: Any) -> dict[str, Endpoint]:
    changed = {f"/{name}": answer for name, answer in replies.items()}
    connections = ScriptedConnections(replies={**GOOD, **changed}, commands=commands)
    return {one.path: one for one in survey_endpoints(ENVIRONMENT).fetch(connections)}  # type: ignore[arg-type]


def test_a_degraded_health_still_shows_its_parts() -> None:
    assert seen()["/health"].status == 503
    assert seen()["/health"].fields["commit"] == "abc"


def test_what_is_no_json_object_has_no_fields() -> None:
    assert seen()["/"].fields == {}
    assert seen()["/release.json"].fields == {}


def test_one_endpoint_without_a_reply_does_not_hide_the_others() -> None:
    found = seen(health=EndpointUnavailable("No reply in time."))
    assert (found["/health"].status, found["/health"].error) == (None, "No reply in time.")
    assert found["/"].status == 200


def test_only_what_failed_by_the_clock_of_this_machine_is_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runbook_lib.platform.facts.endpoints.clock_problem", lambda connections: "3 h behind")
    found = seen(health=CertificateOutOfDate("TLS could not be established"), metrics=EndpointUnavailable("No reply in time."))
    assert {path: one.doubt for path, one in found.items()} == {"/health": "3 h behind", "/metrics": "", "/": "", "/release.json": ""}


def test_metrics_are_asked_from_the_server_where_we_are_turned_away() -> None:
    found = seen(metrics=(403, "no"), commands={"https://staging.example.com/metrics": "200 0.012 4660"})
    assert (found["/metrics"].status, found["/metrics"].seconds) == (200, 0.012)


@pytest.mark.parametrize(("body", "lacks"), [("", ()), (" \n", ()), ("<html>down", ("it is not empty: '<html>down'",))])
def test_a_reply_that_must_be_empty_is_no_page(body: str, lacks: tuple[str, ...]) -> None:
    reply = HttpReply("/up", 200, {}, body.encode(), 0.01)
    assert endpoint("/up", reply, HealthEndpoint(title="up", service="api", empty=True)).lacks == lacks


def test_being_turned_away_elsewhere_stays_what_it_is() -> None:
    assert seen(health=(403, "no"))["/health"].status == 403


@pytest.mark.parametrize("text", ["", "000 0.0 0", "curl: (7)", "x y z", "200"])
def test_a_curl_without_an_answer_is_no_status(text: str) -> None:
    found = parse_curl("/metrics", text, "curl: (7) Failed to connect")
    assert found.status is None
    assert "Failed to connect" in found.error
