"""Slack and PagerDuty against real HTTP servers: what is believed, what is not, and where the secret never goes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.core.messages import Delivery
from runbook_lib.core.redaction import Secret
from runbook_lib.environment.notifications import Notifications
from tests.unit.connections.notifying.messages import (
    CANARY,
    HURRIED,
    MESSAGE,
    PATIENT,
    PROBLEM,
    ROUTING_KEY,
    pagerduty,
    sent,
    slack,
)
from tests.unit.connections.notifying.receivers import (
    PAGERDUTY_OK,
    SLACK_OK,
    Authority,
    Reply,
    scripted_server,
    web_receiver,
)


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_slack_gets_the_text_and_says_ok() -> None:
    with web_receiver(SLACK_OK) as receiver:
        assert sent(slack(receiver.url)).state is Delivery.SENT
    ((path, headers, body),) = receiver.requests
    assert (path, headers["Content-Type"]) == (f"/services/{CANARY}", "application/json")
    assert body["text"] == MESSAGE.text


@pytest.mark.parametrize(("message", "path"), [(MESSAGE, "/v2/change/enqueue"), (PROBLEM, "/v2/enqueue")], ids=["good", "problem"])
def test_pagerduty_gets_an_incident_for_a_problem_alone(message: Any, path: str) -> None:
    with web_receiver(PAGERDUTY_OK) as receiver:
        settings = Notifications(pagerduty_url=receiver.url, deadline_s=PATIENT.deadline_s)
        assert sent(pagerduty(), settings, message).state is Delivery.SENT
    ((asked, _, body),) = receiver.requests
    assert (asked, body["routing_key"]) == (path, ROUTING_KEY)


@pytest.mark.parametrize(("reply", "state", "reason"), [
    (Reply(404, "no_team"), Delivery.NOT_SENT, "answers 404: no_team"),
    (Reply(403, "invalid_token"), Delivery.NOT_SENT, "answers 403: invalid_token"),
    (Reply(400, "invalid_payload"), Delivery.NOT_SENT, "answers 400: invalid_payload"),
    (Reply(500, "oops"), Delivery.UNKNOWN, "answers 500: oops"),
    (Reply(200, "<html>Sign in to the guest network</html>"), Delivery.NOT_SENT, "not as slack does"),
    (Reply(204, ""), Delivery.NOT_SENT, "not as slack does"),
    (Reply(200, "okay, later"), Delivery.NOT_SENT, "not as slack does"),
    (Reply(drops=True), Delivery.UNKNOWN, "the reply did not come"),
    (Reply(429, "slow down", {"Retry-After": "3600"}), Delivery.NOT_SENT, "it asks to wait 3600 s"),
    (Reply(429, "slow down", {"Retry-After": "Fri, 27 Nov 2026 12:00:00 GMT"}), Delivery.NOT_SENT, "answers 429"),
    (Reply(429, "slow down", {"Retry-After": "9" * 400}), Delivery.NOT_SENT, "answers 429"),
    (Reply(400, "\x1b[2Jcleared \N{RIGHT-TO-LEFT OVERRIDE}" + "x " * 100_000), Delivery.NOT_SENT, "cleared ‹U+202E›"),
], ids=lambda value: f"{value.status}-{value.body[:12]}" if isinstance(value, Reply) else None)
def test_what_is_not_taken_is_reported_with_its_reason(reply: Reply, state: Delivery, reason: str) -> None:
    with web_receiver(reply) as receiver:
        result = sent(slack(receiver.url))
    assert result.state is state
    assert reason in result.reason
    assert len(result.reason) < 400
    assert result.next_step


@pytest.mark.parametrize("body", ["ok", "{}", '{"status": "invalid event"}', "[1]", '{"status": "success"'])
def test_pagerduty_is_believed_in_its_own_form_alone(body: str) -> None:
    with web_receiver(Reply(202, body)) as receiver:
        result = sent(pagerduty(), Notifications(pagerduty_url=receiver.url, deadline_s=30.0), PROBLEM)
    assert result.state is Delivery.NOT_SENT


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_with_the_secret(status: int) -> None:
    with web_receiver(SLACK_OK) as elsewhere:
        moved = Reply(status, "", {"Location": f"{elsewhere.url}/take"})
        with web_receiver(moved) as receiver:
            result = sent(slack(receiver.url))
    assert (result.state, elsewhere.requests) == (Delivery.NOT_SENT, [])
    assert "redirects are not followed" in result.reason


def test_a_channel_that_asks_to_wait_a_little_is_asked_once_more() -> None:
    with web_receiver(Reply(429, "wait", {"Retry-After": "0"}), SLACK_OK) as receiver:
        assert sent(slack(receiver.url)).state is Delivery.SENT
    assert len(receiver.requests) == 2


def test_a_channel_that_keeps_asking_to_wait_is_given_up() -> None:
    with web_receiver(Reply(503, "busy", {"Retry-After": "0"})) as receiver:
        assert sent(slack(receiver.url)).state is Delivery.NOT_SENT
    assert len(receiver.requests) == 2


def test_a_channel_that_hangs_is_given_up_at_the_deadline_and_may_have_it() -> None:
    with web_receiver(Reply(hangs=True)) as receiver:
        began = time.monotonic()
        result = sent(slack(receiver.url), Notifications(deadline_s=HURRIED))
        assert time.monotonic() - began < 60
    assert result.state in (Delivery.UNKNOWN, Delivery.NOT_SENT)
    assert result.reason


def test_a_reply_that_comes_byte_by_byte_does_not_outlive_the_deadline() -> None:
    def talk(connection: Any, over: Any) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not over.wait(0.05):
            connection.sendall(b"x")

    with scripted_server(talk) as port:
        assert sent(slack(f"http://127.0.0.1:{port}"), Notifications(deadline_s=HURRIED)).state is not Delivery.SENT


def test_tls_is_verified(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with web_receiver(SLACK_OK, tls=authority.context) as receiver:
        stranger = sent(slack(receiver.url))
        known = sent(slack(receiver.url), Notifications(ca_file=authority.ca_file, deadline_s=30.0))
        other_name = sent(slack(receiver.url.replace("127.0.0.1", "localhost")),
                          Notifications(ca_file=authority.ca_file, deadline_s=30.0))
    assert (stranger.state, known.state, other_name.state) == (Delivery.NOT_SENT, Delivery.SENT, Delivery.NOT_SENT)
    assert stranger.reason.startswith("TLS could not be established: self-signed certificate")
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(("address", "reason"), [
    ("http://hooks.example.com", "does not begin with https://"),
    ("http://127.0.0.1.example.com", "does not begin with https://"),
    ("ftp://127.0.0.1", "does not begin with https://"),
    ("https://", "cannot be read"),
    ("https://[::1", "cannot be read"),
    ("https://127.0.0.1:99999", "cannot be read"),
    ("https://exa mple.com", "cannot be read"),
    ("https://example.com/\r\nX-Injected: 1", "cannot be read"),
    ("hooks.example.com", "cannot be read"),
])
def test_an_address_that_would_show_the_secret_is_refused_without_showing_it(address: str, reason: str) -> None:
    result = sent(slack(address))
    assert (result.state, reason in result.reason) == (Delivery.NOT_SENT, True)


def test_a_port_that_is_closed_and_a_name_that_does_not_exist_are_named_as_that() -> None:
    with scripted_server(lambda *_: None) as port:
        pass
    assert "refused" in sent(slack(f"http://127.0.0.1:{port}")).reason
    unknown = sent(slack("https://no-such-host.invalid"))
    assert (unknown.state, unknown.reason) == (Delivery.NOT_SENT, "its name cannot be resolved")


def test_a_proxy_is_used_where_the_environment_names_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    def refuse(connection: Any, over: Any) -> None:
        asked.append(connection.recv(65_536))
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with scripted_server(refuse) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:pw-{ROUTING_KEY}@127.0.0.1:{port}")
        through = sent(slack("https://hooks.example.invalid"))
        monkeypatch.setenv("NO_PROXY", "hooks.example.invalid")
        past = sent(slack("https://hooks.example.invalid"))
    assert (through.state, through.reason) == (Delivery.NOT_SENT, "the proxy did not let it through")
    assert past.reason == "its name cannot be resolved"
    # the proxy hears the host's name and no part of the path, which is the secret
    assert [line.split(b"\r\n")[0] for line in asked] == [b"CONNECT hooks.example.invalid:443 HTTP/1.0"] or \
        [line.split(b"\r\n")[0] for line in asked] == [b"CONNECT hooks.example.invalid:443 HTTP/1.1"]


def test_credentials_of_a_netrc_are_not_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with web_receiver(SLACK_OK) as receiver:
        sent(slack(receiver.url))
    assert "Authorization" not in receiver.requests[0][1]


def test_a_secret_with_a_line_end_behind_it_is_used_without() -> None:
    with web_receiver(SLACK_OK) as receiver:
        route = slack(receiver.url)
        assert route.secret is not None
        ended = Secret(route.secret.name, route.secret.reveal() + "\n")
        assert sent(type(route)(route.channel, route.title, route.to, route.through, ended)).state is Delivery.SENT
