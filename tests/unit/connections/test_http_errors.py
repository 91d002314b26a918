"""HTTP errors give the innermost reason, not the wrappings of the libraries."""

from __future__ import annotations

import ssl

import pytest
import requests
import urllib3

from runbook_lib.connections.http_errors import http_error

URL = "https://h/health"


def test_the_reason_is_taken_out_of_its_wrappings() -> None:
    pool = urllib3.HTTPSConnectionPool("127.0.0.1", 1)
    inner = ssl.SSLCertVerificationError(1, "certificate has expired")
    ours = http_error(requests.exceptions.SSLError(urllib3.exceptions.MaxRetryError(pool, "/", inner)), URL)
    assert "certificate has expired" in ours.what
    assert "Max retries" not in ours.what
    assert ours.where == URL


@pytest.mark.parametrize(("error", "what", "next_step"), [
    (ssl.SSLError(1, "handshake failure"), "TLS could not be established", "certificate"),
    (requests.exceptions.ReadTimeout("slow"), "No reply in time", "the service behind it"),
    (TimeoutError(), "No reply in time", "the service behind it"),
    (requests.exceptions.ConnectionError("refused"), "No connection: refused", "port can be reached"),
    (ConnectionRefusedError(111, "Connection refused"), "No connection", "port can be reached"),
    (requests.exceptions.ChunkedEncodingError("torn"), "No usable reply: torn", "log of what answers"),
    (urllib3.exceptions.ProtocolError("torn"), "No usable reply: torn", "log of what answers"),
])
def test_each_kind_of_failure_has_its_own_next_step(error: Exception, what: str, next_step: str) -> None:
    ours = http_error(error, URL)
    assert what in ours.what
    assert next_step in ours.next_step


def test_a_ring_of_reasons_ends() -> None:
    error = requests.exceptions.ConnectionError("x")
    error.reason = error  # type: ignore[attr-defined]
    assert "No connection" in http_error(error, URL).what
