"""Is the certificate that users are shown good for a while, and legacy TLS disabled? Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.core.text import pluralize
from runbook_lib.environment import Environment
from runbook_lib.environment.requests import RequestStep, placeholders_in
from runbook_lib.platform.checks.endpoints import CLOCK_NEXT
from runbook_lib.platform.facts.certificates import Certificate

LEGACY_PROTOCOLS = ("TLSv1", "TLSv1.1")
VALID, LASTS, LEGACY = "the certificate is valid", "the certificate lasts", "legacy TLS disabled"
DATED = ("not yet valid", "expired")  # OpenSSL's words for what depends on this machine's clock
CLOCK_FIRST = "Is this machine's clock right? `timedatectl`. Else: "
PLAIN_TEXT = "no password is sent in plain text"


def certificate(
    presented: Certificate | None, environment: Environment, *, live: bool, now: datetime | None = None
) -> tuple[Finding, ...]:
    """The certificate as presented: it verifies, names the host, and lasts; no legacy protocol is accepted.

    `live`: whether a release is deployed at all; before the first one no certificate is presented. Over plain http all
    of it is not applicable, and passwords that runs would send are a warning.
    """
    if environment.public.no_tls_reason:
        return (*without_tls(environment.public.no_tls_reason), *passwords_in_plain_text(environment))
    if presented is None:
        missing = Verdict.INCONCLUSIVE if live else Verdict.WARNING
        front = environment.proxy_service
        check = f"Check the container of {front}." if front else "Check what answers at the public address."
        advice = check if live else "Nothing to do before the first deployment."
        return (Finding(VALID, missing, "the public address does not answer", environment.public.url, advice),)
    left = presented.not_after - (now or datetime.now(UTC))
    minimum = timedelta(days=environment.certificate_minimum_days)
    host = urlsplit(environment.public.url).hostname
    error, doubt = presented.verify_error, presented.doubt
    renew = "Renew it on the server: certbot renew; then reload what presents it."
    legacy = [name for name in LEGACY_PROTOCOLS if presented.accepts.get(name)]
    return (
        finding(VALID, None if doubt else not error, expected=f"verifies for {host}",
                measured="; ".join(filter(None, (error, doubt))) or f"for {host}, by {presented.issuer}",
                next_step=CLOCK_NEXT if doubt else CLOCK_FIRST * any(one in error for one in DATED) + renew),
        finding(LASTS, left >= minimum, measured=f"{pluralize(left.days, 'day')} left",
                expected=f"at least {pluralize(minimum.days, 'day')}",
                next_step="Renew it on the server: certbot renew."),
        finding(LEGACY, not legacy, measured=", ".join(legacy) or f"{presented.protocol}",
                expected=f"{environment.tls.minimum_version} or newer",
                next_step="Correct the protocols of what presents it (nginx: ssl_protocols) in the release."),
    )


def without_tls(reason: str) -> tuple[Finding, ...]:
    """The same checks where users reach the environment by plain http, and why they do."""
    return tuple(not_applicable(name, reason) for name in (VALID, LASTS, LEGACY))


def passwords_in_plain_text(environment: Environment) -> tuple[Finding, ...]:
    """A warning where runs send a user's password or what it was exchanged for over a network in plain text."""
    sent = [name for name, steps in _flows(environment).items() if _have_secrets(steps)]
    if not sent or not environment.public.can_be_read:
        return ()
    where = environment.public.connect_to or environment.public.host
    return (finding(PLAIN_TEXT, False, otherwise=Verdict.WARNING,
                    measured=f"{' and '.join(sent)} send what a user logs in with to {where} over http",
                    expected="https, or an address of this machine",
                    next_step="Give the address a certificate; or forward it over SSH (ssh -L 8080:127.0.0.1:PORT "
                    "SERVER) and dial public.connect_to: 127.0.0.1:8080. The password is a synthetic user's, but users "
                    "log in the same way."),)


def _flows(environment: Environment) -> dict[str, tuple[RequestStep, ...]]:
    smoke, load = environment.smoke, environment.load_test
    session = smoke.session.use if smoke and smoke.session else ()
    return {"the smoke test's steps": (*(smoke.steps if smoke else ()), *session),
            "the load test's users": tuple(load.flow) if load else ()}


def _have_secrets(steps: tuple[RequestStep, ...]) -> bool:
    kept = {name for step in steps for name in step.keep}
    return any("password" in step.placeholders or kept & set(placeholders_in(*step.headers.values()))
               for step in steps)
