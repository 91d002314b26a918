"""Certificates as they are served."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import TlsHandshake
from runbook_lib.platform.facts.certificates import clock_problem, parse_certificate

NOW = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)


def served(names: tuple[str, ...] = ("staging.example.com",), days: float = 30, verify_error: str = "") -> TlsHandshake:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "staging.example.com")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=60))
        .not_valid_after(NOW + timedelta(days=days))
    )
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False
        )
    der = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    return TlsHandshake(der, "TLSv1.3", "TLS_AES_256_GCM_SHA384", verify_error)


def test_dates_names_and_protocols_are_read() -> None:
    found = parse_certificate(served(), {"TLSv1": False, "TLSv1.3": True})
    assert (found.subject, found.names, found.protocol) == ("staging.example.com", ("staging.example.com",), "TLSv1.3")
    assert found.days_left(NOW) == 30
    assert found.accepts == {"TLSv1": False, "TLSv1.3": True}


def test_an_expired_certificate_has_negative_days_left() -> None:
    assert parse_certificate(served(days=-2), {}).days_left(NOW) == -2


def test_a_certificate_without_names_has_none() -> None:
    assert parse_certificate(served(names=()), {}).names == ()


def test_why_a_certificate_does_not_verify_is_kept() -> None:
    assert parse_certificate(served(verify_error="self-signed certificate"), {}).verify_error == "self-signed certificate"


@pytest.mark.parametrize("der", [b"", b"-----BEGIN CERTIFICATE-----", b"\x30\x82\xff\xff"])
def test_what_is_not_a_certificate_is_unreadable(der: bytes) -> None:
    with pytest.raises(FactUnreadable):
        parse_certificate(TlsHandshake(der, "TLSv1.3", "", ""), {})


@pytest.mark.parametrize(("server_s", "days", "doubt"), [
    (10_800, 30, "the certificate is valid by the server's clock, and this machine's is 10,800 s behind it"),
    (-600, 30, "the certificate is valid by the server's clock, and this machine's is 600 s ahead of it"),
    (0, 30, ""), (10_800, -2, "")], ids=["we are late", "we are early", "both clocks agree", "expired for both"])
def test_dates_show_nothing_of_users_where_only_this_machines_clock_finds_them_wrong(server_s: float, days: float, doubt: str) -> None:
    """An operator's clock three hours late had notebook 40 say "Users are affected"."""
    now = datetime.now(UTC)
    ends = (now - NOW).total_seconds() / 86_400 + days
    connections = ScriptedConnections(replies={"handshake": served(days=ends, verify_error="certificate is not yet valid")},
                                      commands={"date +%s.%N": f"{now.timestamp() + server_s:.9f}\n"})
    assert clock_problem(connections) == doubt


def test_a_server_that_does_not_tell_its_time_leaves_the_failure_what_it_is() -> None:
    assert clock_problem(ScriptedConnections(replies={"handshake": served()}, commands={"date +%s.%N": "?"})) == ""
