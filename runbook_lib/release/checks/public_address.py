"""Does this machine get any answer from the public address, before a release is changed whose gates need one? Pure."""

from __future__ import annotations

from collections.abc import Iterable

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.text import pluralize
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import FIRST_COLOUR

CHECK = "the public address answers this machine"
EXPECTED = "an answer of at least one endpoint, whatever its status"
# an address that nothing reaches, and an application that is down, look alike from outside; its containers differ
NOT_REACHED = (
    "The gates ask from here: without an answer they would undo the release, and could not tell that the previous one "
    "is back. Open the address for this machine; set `public.connect_to` where another host:port is to be dialled, "
    "`public.ca_file` where a private authority signed the certificate. Is it the application that hangs: restart it; "
    "or stop its container, which makes this a warning, and deploy the correction.")
IS_DOWN = ("Users get no answer now, and a container is down: this release may be the correction. Its gates decide; "
           "where they get no answer either, an undo cannot be verified.")


def public_address_answers(environment: Environment, deployed: Deployed, containers: Iterable[Container],
                           endpoints: Iterable[Endpoint]) -> tuple[Finding, ...]:
    """Any reply counts, an error too: a live release that is broken must be replaceable. None at all is refused.

    Where a container of what is live does not run or is not healthy, it is a warning. Nothing is asked of a first
    deployment, nor where the environment file names no endpoint.
    """
    asked = tuple(endpoints)
    if not asked or not deployed.something_runs:
        return ()
    silent = [one for one in asked if one.status is None]
    down = _down(environment, deployed, containers)
    first = f"{silent[0].path}: {silent[0].error.removesuffix('.') or 'no reply'}" if silent else ""
    measured = f"{len(asked) - len(silent)} of {pluralize(len(asked), 'endpoint')}{f'; {first}' if first else ''}"
    return (finding(CHECK, len(silent) < len(asked), expected=EXPECTED,
                    measured=f"{measured}; not healthy: {', '.join(down)}" if down else measured,
                    otherwise=Verdict.WARNING if down else Verdict.FAILED,
                    next_step=IS_DOWN if down else NOT_REACHED),)


def _down(environment: Environment, deployed: Deployed, containers: Iterable[Container]) -> list[str]:
    """What users' requests need and does not run well: the release, the proxy, the data services."""
    colour = "" if environment.release.replaced else deployed.live_colour or FIRST_COLOUR
    healthy = {one.service for one in containers if one.is_healthy}
    return [name for name in (*environment.slot(colour), *environment.shared_services) if name not in healthy]
