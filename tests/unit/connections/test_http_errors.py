"""HTTP errors give the innermost reason, not the wrappings of the libraries."""

from __future__ import annotations

import socket
import ssl

import pytest
import requests
import urllib3

from runbook_lib.connections.http_errors import _LATE, _TLS, _UNRESOLVED, http_error
from runbook_lib.core.errors import CertificateOutOfDate, NameUnresolved

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


NO_NAME = socket.gaierror(-2, "Name or service not known")


@pytest.mark.parametrize(("error", "name"), [
    (requests.exceptions.ConnectionError(urllib3.exceptions.MaxRetryError(
        urllib3.HTTPSConnectionPool("dialled.example"), "/health",
        urllib3.exceptions.NameResolutionError("dialled.example", urllib3.connection.HTTPSConnection("dialled.example"), NO_NAME))),
     "dialled.example"),
    (NO_NAME, "h"),
])
def test_a_name_that_does_not_resolve_is_named_and_is_this_machines(error: Exception, name: str) -> None:
    ours = http_error(error, URL)
    assert isinstance(ours, NameUnresolved)
    assert ours.what == f"{name} does not resolve on this machine."
    assert "VPN" in ours.next_step


def test_a_ring_of_reasons_ends() -> None:
    error = requests.exceptions.ConnectionError("x")
    error.reason = error  # type: ignore[attr-defined]
    assert "No connection" in http_error(error, URL).what


@pytest.mark.parametrize(("code", "clock"), [(9, True), (10, True), (18, False), (62, False)])
def test_a_certificate_of_another_time_asks_for_the_clock_of_this_machine_first(code: int, clock: bool) -> None:
    refused = ssl.SSLCertVerificationError(1, "certificate verify failed")
    refused.verify_code = code
    found = http_error(requests.exceptions.SSLError(urllib3.exceptions.SSLError(refused)), "https://a.example")
    assert ("timedatectl" in found.next_step) is clock
    assert isinstance(found, CertificateOutOfDate) is clock


def test_the_names_of_the_libraries_errors_are_theirs() -> None:
    """They are compared by name, so that a run which asks nothing over HTTP does not import what raises them."""
    named = {"requests.exceptions.SSLError": requests.exceptions.SSLError, "urllib3.exceptions.SSLError": urllib3.exceptions.SSLError,
             "ssl.SSLError": ssl.SSLError, "requests.exceptions.Timeout": requests.exceptions.Timeout,
             "urllib3.exceptions.TimeoutError": urllib3.exceptions.TimeoutError, "builtins.TimeoutError": TimeoutError,
             "urllib3.exceptions.NameResolutionError": urllib3.exceptions.NameResolutionError, "socket.gaierror": socket.gaierror}
    assert set(named) == _TLS | _LATE | _UNRESOLVED
    for name, kind in named.items():
        assert f"{kind.__module__}.{kind.__qualname__}" == name
    for kind in (requests.exceptions.ConnectionError, requests.RequestException):
        assert kind.__module__ == "requests.exceptions"
