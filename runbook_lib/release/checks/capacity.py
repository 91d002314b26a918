"""Has the server room for a release, and is its certificate good for a while? Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.certificates import Certificate
from runbook_lib.platform.facts.server import ServerState

OLD_PROTOCOLS = ("TLSv1", "TLSv1.1")


def capacity_findings(server: ServerState, environment: Environment) -> tuple[Finding, ...]:
    """Disk and memory against the environment's minimum, and the programs that a deployment needs."""
    missing = [name for name in ("docker", "compose", "git") if not server.versions.get(name)]
    free_mb = server.memory_available_bytes / 1e6
    disks = {disk.mount: disk for disk in server.disks}.values()
    return (
        *(
            finding(f"the disk at {disk.mount} has room", disk.free_bytes >= environment.disk_minimum_gb * 1e9,
                    measured=f"{disk.free_bytes / 1e9:.1f} GB free, {disk.used_percent:.0f} % used",
                    expected=f"at least {environment.disk_minimum_gb} GB free",
                    next_step="On the server: docker system df; then docker image prune.")
            for disk in disks
        ),
        finding("the server has memory", free_mb >= environment.memory_minimum_mb,
                measured=f"{free_mb:,.0f} MB available", expected=f"at least {environment.memory_minimum_mb} MB",
                next_step="See which container grew: 21 Verify has the chart."),
        finding("the server has Docker, Compose and git", not missing,
                measured=", ".join(f"{name} {server.versions.get(name) or 'missing'}"
                                   for name in ("docker", "compose", "git")),
                expected="all three", next_step="Install what is missing; then run again."),
    )


def certificate_findings(
    certificate: Certificate | None, environment: Environment, *, serves: bool, now: datetime | None = None
) -> tuple[Finding, ...]:
    """The certificate as served: it verifies, names the host, lasts, and no old protocol is spoken.

    `serves` is whether a release is deployed at all: before the first one nobody serves a certificate.
    """
    if certificate is None:
        missing = Verdict.INCONCLUSIVE if serves else Verdict.WARNING
        advice = "Look at the nginx container." if serves else "Nothing to do before the first deployment."
        return (Finding("the certificate is valid", missing, "the public address does not answer",
                        environment.public.url, advice),)
    left = certificate.not_after - (now or datetime.now(UTC))
    minimum = timedelta(days=environment.certificate_minimum_days)
    host = urlsplit(environment.public.url).hostname
    old = [name for name in OLD_PROTOCOLS if certificate.accepts.get(name)]
    return (
        finding("the certificate is valid", not certificate.verify_error,
                measured=certificate.verify_error or f"for {host}, by {certificate.issuer}",
                expected=f"verifies for {host}", next_step="Renew it on the server: certbot renew; then reload nginx."),
        finding("the certificate lasts", left >= minimum, measured=f"{left.days} days left",
                expected=f"at least {minimum.days} days", next_step="Renew it on the server: certbot renew."),
        finding("no old TLS is spoken", not old, measured=", ".join(old) or f"{certificate.protocol}",
                expected=f"{environment.tls.minimum_version} or newer",
                next_step="Correct ssl_protocols in the nginx configuration of the release."),
    )
