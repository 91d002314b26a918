"""The certificate as users are served it, and which TLS protocols the server still accepts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import NameOID

from runbook_lib.core.errors import FactUnreadable, RunbookError
from runbook_lib.core.questions import Connections, Question, TlsHandshake
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.server_clock import AGREE_S, server_clock

TRIED = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")


@dataclass(frozen=True)
class Certificate:
    """A served certificate, dates in UTC. `verify_error`: why it does not verify, empty when it does.

    `accepts`: protocol → whether the server speaks it; None where this machine cannot try. `doubt`: as of
    `clock_problem`.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    sha256: str
    protocol: str
    cipher: str
    verify_error: str
    accepts: Mapping[str, bool | None]
    doubt: str = ""

    def days_left(self, now: datetime) -> float:
        """Days until it expires; negative afterwards."""
        return (self.not_after - now).total_seconds() / 86_400


def inspect_certificate(environment: Environment) -> Question[Certificate | None]:
    """The certificate of the public address, and its TLS protocols; None where users reach it by plain http.

    Raises EndpointUnavailable, FactUnreadable. Source: a TLS handshake with the public address, certificates checked
    but not required.
    """

    def fetch(connections: Connections) -> Certificate | None:
        if not environment.public.tls:
            return None
        # not verified on the way: an expired certificate is a fact to show, not an error that ends the run
        served = connections.http.handshake()
        found = parse_certificate(served, {name: connections.http.accepts_protocol(name) for name in TRIED})
        return replace(found, doubt=clock_problem(connections)) if served.dated else found

    return Question("certificate", fetch)


def clock_problem(connections: Connections) -> str:
    """Why it shows nothing of users that a certificate is not valid now by this machine's clock, as a clause.

    By the server's clock, which is another, it is valid. Empty where that is not so, or cannot be asked.
    """
    try:
        clock = server_clock().fetch(connections)
        found = parse_certificate(connections.http.handshake(), {})
    except RunbookError:
        return ""
    if abs(clock.ahead_s) <= AGREE_S or not found.not_before <= clock.now <= found.not_after:
        return ""
    differs = f"{abs(clock.ahead_s):,.0f} s {'behind' if clock.ahead_s > 0 else 'ahead of'} it"
    return f"the certificate is valid by the server's clock, and this machine's is {differs}"


def parse_certificate(served: TlsHandshake, accepts: Mapping[str, bool | None]) -> Certificate:
    """The facts of a handshake. Raises FactUnreadable when it is not a certificate."""
    try:
        found = x509.load_der_x509_certificate(served.certificate)
        return Certificate(
            subject=_common_name(found.subject),
            issuer=_common_name(found.issuer),
            names=_names(found),
            not_before=found.not_valid_before_utc,
            not_after=found.not_valid_after_utc,
            sha256=hashlib.sha256(served.certificate).hexdigest(),
            protocol=served.protocol,
            cipher=served.cipher,
            verify_error=served.verify_error,
            accepts=dict(accepts),
        )
    except (ValueError, x509.InvalidVersion, x509.DuplicateExtension) as error:
        raise FactUnreadable(f"The served certificate cannot be read: {error}",
                             next_step="See it raw with `openssl s_client -connect HOST:443`.") from error


def _common_name(name: x509.Name) -> str:
    # authorities leave the common name out of short-lived certificates
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string()


def _names(found: x509.Certificate) -> tuple[str, ...]:
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(name.value) for name in names)
