"""Is the certificate that users are shown good for a while, and legacy TLS disabled? Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.text import pluralize
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.certificates import Certificate

LEGACY_PROTOCOLS = ("TLSv1", "TLSv1.1")
VALID = "the certificate is valid"


def certificate(
    presented: Certificate | None, environment: Environment, *, live: bool, now: datetime | None = None
) -> tuple[Finding, ...]:
    """The certificate as presented: it verifies, names the host, and lasts; no legacy protocol is accepted.

    `live`: whether a release is deployed at all; before the first one no certificate is presented.
    """
    if presented is None:
        missing = Verdict.INCONCLUSIVE if live else Verdict.WARNING
        front = environment.proxy_service
        check = f"Check the container of {front}." if front else "Check what answers at the public address."
        advice = check if live else "Nothing to do before the first deployment."
        return (Finding(VALID, missing, "the public address does not answer", environment.public.url, advice),)
    left = presented.not_after - (now or datetime.now(UTC))
    minimum = timedelta(days=environment.certificate_minimum_days)
    host = urlsplit(environment.public.url).hostname
    legacy = [name for name in LEGACY_PROTOCOLS if presented.accepts.get(name)]
    return (
        finding(VALID, not presented.verify_error,
                measured=presented.verify_error or f"for {host}, by {presented.issuer}",
                expected=f"verifies for {host}",
                next_step="Renew it on the server: certbot renew; then reload what presents it."),
        finding("the certificate lasts", left >= minimum, measured=f"{pluralize(left.days, 'day')} left",
                expected=f"at least {pluralize(minimum.days, 'day')}",
                next_step="Renew it on the server: certbot renew."),
        finding("legacy TLS disabled", not legacy, measured=", ".join(legacy) or f"{presented.protocol}",
                expected=f"{environment.tls.minimum_version} or newer",
                next_step="Correct the protocols of what presents it (nginx: ssl_protocols) in the release."),
    )
