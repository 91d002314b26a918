"""Handshakes for inspection: a bad certificate is shown, not only refused, and legacy protocols are tried."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from lab.address import PUBLIC_NAME
from runbook_lib.connections import tls
from runbook_lib.core.errors import EndpointUnavailable
from tests.ports import unused_port
from tests.unit.connections.https_server import HttpsServer


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpsServer]:
    made = HttpsServer(tmp_path, monkeypatch)
    yield made
    made.close()


def test_a_good_certificate(served: HttpsServer) -> None:
    shown = tls.handshake(PUBLIC_NAME, ("127.0.0.1", served.port), served.ca_file, 60)
    assert shown.verify_error == ""
    assert PUBLIC_NAME in x509.load_der_x509_certificate(shown.certificate).subject.rfc4514_string()
    assert shown.protocol in ("TLSv1.2", "TLSv1.3")


@pytest.mark.parametrize("name", [PUBLIC_NAME, "other.example.com"])
def test_a_bad_certificate_is_shown_with_its_fault(served: HttpsServer, name: str) -> None:
    shown = tls.handshake(name, ("127.0.0.1", served.port), None if name == PUBLIC_NAME else served.ca_file, 60)
    assert shown.certificate
    assert shown.verify_error


def test_a_certificate_of_another_time_is_known_by_the_number_of_the_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenSSL words it differently from one version to the next."""
    monkeypatch.setattr("lab.address.LEAF_DAYS", -1 / 48)  # from an hour ago to half an hour ago
    served = HttpsServer(tmp_path, monkeypatch)
    try:
        expired = tls.handshake(PUBLIC_NAME, ("127.0.0.1", served.port), served.ca_file, 60)
        strange = tls.handshake("other.example.com", ("127.0.0.1", served.port), None, 60)
    finally:
        served.close()
    assert (expired.dated, strange.dated) == (True, False)


def test_protocols(served: HttpsServer) -> None:
    address = ("127.0.0.1", served.port)
    assert tls.accepts(PUBLIC_NAME, address, "TLSv1.2", 60) is True
    assert tls.accepts(PUBLIC_NAME, address, "TLSv1.3", 60) is True
    assert tls.accepts(PUBLIC_NAME, address, "TLSv1", 60) in (False, None)  # None: this OpenSSL cannot try it


def test_a_port_where_none_listens() -> None:
    port = unused_port()
    with pytest.raises(EndpointUnavailable):
        tls.handshake(PUBLIC_NAME, ("127.0.0.1", port), None, 5)
    with pytest.raises(EndpointUnavailable):
        tls.accepts(PUBLIC_NAME, ("127.0.0.1", port), "TLSv1.2", 5)
