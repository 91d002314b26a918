"""HTTP to the public address: the certificate of its name, nothing remembered, nothing followed, all of it bounded."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from runbook_lib.connections import http
from runbook_lib.connections.http import PublicHttp
from runbook_lib.core.errors import EndpointUnavailable
from tests.unit.connections.https_server import HttpsServer


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpsServer]:
    made = HttpsServer(tmp_path, monkeypatch)
    yield made
    made.close()


@pytest.fixture
def public(served: HttpsServer) -> Iterator[PublicHttp]:
    made = PublicHttp(served.url, connect_to=served.connect_to, ca_file=served.ca_file)
    yield made
    made.close()


def test_the_name_is_the_urls_whatever_is_dialled(public: PublicHttp, served: HttpsServer) -> None:
    reply = public.request("POST", "/api?x=1", json={"a": 1}, headers={"X-A": "b"})
    asked = json.loads(reply.body)
    assert (reply.status, asked["host"], asked["path"], asked["method"]) == (200, served.url[8:], "/api?x=1", "POST")
    assert asked["body"] == '{"a": 1}'
    assert reply.url == f"{served.url}/api?x=1"


def test_any_status_is_a_reply_and_no_redirect_is_followed(public: PublicHttp) -> None:
    assert public.request("GET", "/missing").status == 404
    assert public.request("GET", "/moved").status == 302


def test_no_cookie_is_kept(public: PublicHttp) -> None:
    public.request("GET", "/cookie")
    assert json.loads(public.request("GET", "/").body)["cookie"] is None


@pytest.mark.parametrize("path", ["/slow", "/drip"])
def test_a_reply_that_trickles_meets_the_deadline(public: PublicHttp, path: str) -> None:
    """With its headers, too: each byte began the library's own limit anew, and one a second held a question for hours."""
    began = time.monotonic()
    with pytest.raises(EndpointUnavailable, match="in time"):
        public.request("GET", path, timeout_s=0.5)
    assert time.monotonic() - began < 30


def test_a_compressed_reply_in_pieces_is_whole(public: PublicHttp) -> None:
    assert public.request("GET", "/packed").body == b"0123456789" * 20_000


def test_a_reply_that_is_too_long(public: PublicHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "BODY_LIMIT", 5)
    with pytest.raises(EndpointUnavailable, match="longer than"):
        public.request("GET", "/")


def test_a_certificate_that_is_not_trusted_or_of_another_name(served: HttpsServer) -> None:
    for url, ca_file in ((served.url, None), ("https://other.example.com", served.ca_file)):
        refused = PublicHttp(url, connect_to=served.connect_to, ca_file=ca_file)
        with pytest.raises(EndpointUnavailable, match="TLS"):
            refused.request("GET", "/")
        refused.close()


def test_a_path_begins_with_a_slash(public: PublicHttp) -> None:
    with pytest.raises(ValueError, match="begins with"):
        public.request("GET", "health")


def test_the_handshake_is_asked_for_the_same_name(public: PublicHttp) -> None:
    assert public.handshake().verify_error == ""
    assert public.accepts_protocol("TLSv1.2") is True


def test_plain_http_dials_plain_http() -> None:
    """`public.connect_to` once made https of whatever the URL said."""
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.headers["Host"].encode())

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    try:
        for url, connect_to, host in ((f"http://127.0.0.1:{port}", None, f"127.0.0.1:{port}"),
                                      ("http://shop.example.com", f"127.0.0.1:{port}", "shop.example.com")):
            plain = PublicHttp(url, connect_to=connect_to)
            assert plain.request("GET", "/").body.decode() == host
            plain.close()
    finally:
        server.shutdown()
        server.server_close()
