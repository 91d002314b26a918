"""Prometheus through a tunnel of the link: its data, its refusals, and what is not Prometheus at all."""

from __future__ import annotations

import socket
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from runbook_lib.connections import open_connections
from runbook_lib.connections.prometheus import ServerPrometheus, parse_reply, silence_of
from runbook_lib.core.errors import EndpointUnavailable, FactUnreadable, HostUnreachable
from runbook_lib.environment import load_environment


def prometheus(reply: bytes | Exception, asked: list[str] | None = None) -> ServerPrometheus:
    """One whose port sends these bytes to whatever is asked, or cannot be reached."""

    def tunnel(port: int) -> socket.socket:
        if isinstance(reply, Exception):
            raise reply
        ours, theirs = socket.socketpair()

        def answer() -> None:
            with theirs:
                request = theirs.recv(10_000)
                (asked if asked is not None else []).append(request.decode().split("\r\n")[0])
                theirs.sendall(reply)

        threading.Thread(target=answer, daemon=True).start()
        return ours

    server: Any = SimpleNamespace(address="deploy@h:22", link=SimpleNamespace(open_tunnel=tunnel))
    return ServerPrometheus(server, port=9090)


def test_the_data_of_a_query() -> None:
    asked: list[str] = []
    body = b'{"status": "success", "data": {"result": [1]}}'
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    assert prometheus(reply, asked).get("query", query='up{job="x y"}') == {"result": [1]}
    assert asked == ["GET /api/v1/query?query=up%7Bjob%3D%22x+y%22%7D HTTP/1.1"]


@pytest.mark.parametrize("reply", [b"", b"SSH-2.0-x\r\n", FactUnreadable("The server refused one more session; nothing was run.")])
def test_no_usable_reply(reply: bytes | Exception) -> None:
    with pytest.raises(EndpointUnavailable, match="Prometheus") as caught:
        prometheus(reply).get("query", query="up")
    assert "127.0.0.1:9090/api/v1/query" in caught.value.where


def test_a_server_out_of_reach_stays_what_it_is() -> None:
    with pytest.raises(HostUnreachable):
        prometheus(HostUnreachable("gone")).get("query", query="up")


@pytest.mark.parametrize("status", [b"302 Found", b"502 Bad Gateway", b"200 OK"])
@pytest.mark.parametrize("body", [b"<html>moved</html>", b'{"status": "success", "data": {"resultType": "mat', b""])
def test_a_page_a_redirect_and_half_an_answer_are_not_prometheus(status: bytes, body: bytes) -> None:
    reply = b"HTTP/1.1 %s\r\nLocation: http://127.0.0.1/login\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)
    with pytest.raises(FactUnreadable, match=rf"not Prometheus's \(HTTP {status[:3].decode()}\)"):
        prometheus(reply).get("query_range", query="up")


def test_an_answer_that_is_cut_off_is_never_taken_for_a_whole_one() -> None:
    with pytest.raises(FactUnreadable, match="not Prometheus's"):
        prometheus(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{").get("query", query="up")


@pytest.mark.parametrize(("body", "what"), [
    (b"<html>", "not Prometheus's"), (b"[]", "not Prometheus's"), (b'{"a": 1}', "not Prometheus's"),
    (b'{"status": "error", "error": "parse error"}', "parse error"), (b'{"status": "success"}', "no reason given"),
])
def test_what_is_not_data(body: bytes, what: str) -> None:
    with pytest.raises(FactUnreadable, match=what):
        parse_reply(200, body, "where")


def test_an_environment_without_a_service_of_that_name_is_no_internal_error() -> None:
    environment = load_environment("staging")
    others = {name: one for name, one in environment.services.items() if name not in ("prometheus", "alertmanager")}
    with open_connections(environment.model_copy(update={"services": others})) as connections:
        assert isinstance(connections.prometheus, ServerPrometheus)
        assert connections.alertmanager is not None


@pytest.mark.parametrize(("parameters", "seconds"), [({}, 15.0), ({"timeout": "3s"}, 15.0), ({"timeout": "30s"}, 31.0), ({"timeout": "1m"}, 15.0)])
def test_a_query_that_may_take_long_is_waited_for_as_long(parameters: dict[str, str], seconds: float) -> None:
    """A deadline of a minute was given in vain: a reply that came after 15 s was not waited for."""
    assert silence_of(parameters) == seconds
