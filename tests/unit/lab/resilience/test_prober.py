"""Failed probes are recorded with their reason; a slow reply is not one of them."""

from __future__ import annotations

import http.server
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import address
from lab.address import Address
from lab.resilience import prober
from lab.resilience.prober import Prober


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with the next status; the last one again and again."""

    statuses: list[int]

    def do_GET(self) -> None:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(address, "state", lambda: tmp_path)
    monkeypatch.setattr(address, "server_secrets", lambda application: [])
    monkeypatch.setattr(prober, "INTERVAL_S", 0.01)
    Address("double").create()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "double/fullchain.pem", tmp_path / "double/privkey.pem")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def probe(port: int, times: int) -> Prober:
    with Prober(port) as made:
        deadline = time.monotonic() + 120
        while made.probes <= times and time.monotonic() < deadline:
            time.sleep(0.01)
    return made


def test_a_service_that_answers_has_no_failed_probe(port: int) -> None:
    Handler.statuses = [200]
    done = probe(port, 3)
    assert (done.failures, done.outage_s) == ([], 0.0)
    assert str(done).startswith(f"0 of {done.probes} probes failed")


def test_another_status_is_a_failed_probe(port: int) -> None:
    Handler.statuses = [200, 502, 200]
    done = probe(port, 4)
    assert [reason for _, reason in done.failures] == ["HTTP 502"]
    assert str(done).endswith("the first: HTTP 502")


def test_a_refused_connection_is_a_failed_probe(port: int) -> None:
    done = probe(1, 2)
    assert {reason for _, reason in done.failures} == {"ConnectionRefusedError"}
    assert done.outage_s > 0
